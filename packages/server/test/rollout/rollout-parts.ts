import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { createAudioDecoder } from "../../dist/audio/decoder.js";
import { createCatalog, type ModelFolder } from "../../dist/catalog/catalog.js";
import { Names } from "../../dist/pool/names.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import type { Clock } from "../../dist/pool/system-clock.js";
import type { PoolEvent } from "../../dist/pool/types.js";
import { createRecognition } from "../../dist/recognition/recognition.js";
import { transcribe } from "../../dist/recognition/transcribe.js";
import type { OpenSession, Session } from "../../dist/recognition/types.js";
import { createSwitches, type SwitchParts } from "../../dist/rollout/switches.js";
import type { SwitchEvent } from "../../dist/rollout/types.js";
import { NodeScheduler } from "../../dist/schedule/scheduler.js";
import { scratchDirectory } from "../base/scratch.ts";
import { poolOptions } from "../pool/pool-parts.ts";
import { toneWav } from "../server/running.ts";

/** What `fake.json` says, and golden recordings: each of them is some speech. */
export interface FakeVersion {
  readonly fake: object;
  readonly golden?: readonly { readonly text: string; readonly [limit: string]: unknown }[];
}

/** Writes a version of the fake engine; its golden recordings are `golden/0.wav` and so on. */
export function writeVersion(directory: string, { fake, golden = [] }: FakeVersion): void {
  mkdirSync(join(directory, "golden"), { recursive: true });
  const entries = golden.map((entry, index) => {
    const file = `golden/${index}.wav`;
    writeFileSync(join(directory, file), toneWav("abc"));
    return { file, ...entry };
  });
  writeFileSync(
    join(directory, "voxpool.json"),
    JSON.stringify({ engine: "fake", languages: ["en"], golden: entries }),
  );
  writeFileSync(join(directory, "fake.json"), JSON.stringify(fake));
}

export interface RolloutOptions extends Partial<Pick<SwitchParts, "probation" | "clock">> {
  readonly pool?: Partial<PoolOptions>;
  readonly moveSeconds?: number;
}

/** Switches over a real pool with real processes; models by their path below `model`. */
export async function rolloutOf(
  t: TestContext,
  versions: Readonly<Record<string, FakeVersion>>,
  { probation = { requests: 50, seconds: 600 }, clock, pool: options, moveSeconds }: RolloutOptions = {},
) {
  const directory = scratchDirectory(t);
  const write = (path: string, version: FakeVersion) => writeVersion(join(directory, "model", path), version);
  for (const [path, version] of Object.entries(versions)) write(path, version);
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const pool = createPool({ ...poolOptions(catalog), tickSeconds: 0.02, ...options });
  const names = new Names({ catalog, loaded: () => pool.list() });
  const audio = createAudioDecoder({ workers: 1 });
  const raw = createRecognition({
    pool,
    scheduler: new NodeScheduler({ cores: 4 }),
    ...(moveSeconds !== undefined && { moveSeconds }),
  });
  const parts = { catalog, pool, names, audio, recognition: raw, itn: false, probation, ...(clock && { clock }) };
  const switches = createSwitches(parts);
  t.after(async () => {
    switches.close();
    await Promise.all([pool.close(), audio.close()]);
  });
  const emitter = new EventEmitter();
  const events: SwitchEvent[] = [];
  switches.subscribe((event) => {
    events.push(event);
    emitter.emit(event.type, event);
  });
  pool.subscribe((event) => emitter.emit(event.type === "state" ? event.instance.state : event.type, event));
  const recognition = switches.watch(raw);
  const open = async (name: string): Promise<Session> =>
    recognition.open({ folder: await names.resolve(name), client: "a", priority: "interactive", words: "no" });
  /** As a live transport does it: it goes where its name goes. */
  const openLive = async (name: string, settings: Partial<OpenSession>): Promise<Session> => {
    const folder = await names.resolve(name);
    const meaning = {
      meant: () => names.resolve(name),
      onMeaning: (listener: () => void) => names.subscribe(listener),
    };
    return recognition.open({ folder, client: "a", priority: "live_final", words: "no", ...meaning, ...settings });
  };
  return {
    pool,
    openLive,
    /** Resolves when a version has so many leases. */
    untilSessions: async (name: string, count: number): Promise<void> => {
      const folder = await catalog.resolve(name);
      while (pool.find(folder)?.sessions !== count) await new Promise((resolve) => setImmediate(resolve));
    },
    names,
    switches,
    events,
    open,
    write,
    catalog,
    /** The next event of that type of the switches. */
    untilSwitch: async (type: SwitchEvent["type"]) => (await once(emitter, type))[0] as SwitchEvent,
    /** The next event of that type of the pool, or state of an instance. */
    until: async (type: string) => (await once(emitter, type))[0] as Extract<PoolEvent, { type: "state" }>,
    /** Whether an instance is there, by `cn@1`. */
    states: () =>
      pool
        .list()
        .map(({ folder, state }) => `${folder.id}@${folder.version} ${state}`)
        .toSorted(),
    /** What is heard, and by which version; a failure is thrown. */
    hear: async (name: string) => hearWith(await open(name)),
    /** So many recognitions after each other. */
    hearTimes: async (count: number, name: string) => {
      for (let index = 0; index < count; index++) await hearWith(await open(name));
    },
  };
}

export async function hearWith(session: Session, samples = toneSignal("abc")): Promise<string> {
  const texts: string[] = [];
  for await (const event of transcribe(session, oneChunk(samples))) {
    if (event.type === "final") texts.push(event.segment.text);
  }
  return `${texts.join(" ")} @${session.folder.version}`;
}

async function* oneChunk(samples: Float32Array): AsyncGenerator<Float32Array> {
  yield samples;
}

/** A clock that goes when it is told to. */
export function fakeClock(): Clock & { readonly pass: (seconds: number) => void } {
  let now = 0;
  const timers = new Map<() => void, number>();
  return {
    seconds: () => now,
    unix: () => 1_700_000_000 + now,
    after(seconds, call) {
      timers.set(call, now + seconds);
      return () => void timers.delete(call);
    },
    pass(seconds) {
      now += seconds;
      for (const [call, at] of timers) {
        if (at > now) continue;
        timers.delete(call);
        call();
      }
    },
  };
}

export const holder = (client: string) => ({ client, kind: "client" }) as const;

/** The clients that hold a version, without the switch's own. */
export function holdersOf(rollout: Awaited<ReturnType<typeof rolloutOf>>, folder: ModelFolder): string[] {
  const instance = rollout.pool.find(folder);
  assert.ok(instance);
  return instance.holds.map(({ client }) => client).filter((client) => !client.startsWith("switch of"));
}
