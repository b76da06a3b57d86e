import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { silentLog } from "../../dist/base/log.js";
import type { ModelSpec, RecognizedSpan } from "../../dist/engine/engine.js";
import { type HostSeams, startHost } from "../../dist/host/parent/host.js";
import type { Host, HostOptions, HostSession, HostWork } from "../../dist/host/parent/types.js";

export const rate = 16_000;

/** A host is quick to be found dead in tests. */
const quick: HostSeams = { heartbeatMs: 100 };

/** The spec of a model of the fake engine with this `fake.json`, in a folder of its own. */
export async function fakeModel(t: TestContext, script: Record<string, unknown> | string): Promise<ModelSpec> {
  const directory = await mkdtemp(join(tmpdir(), "voxpool-host-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "fake.json"), typeof script === "string" ? script : JSON.stringify(script));
  return {
    engine: "fake",
    family: "fake",
    directory,
    files: {},
    languages: ["en"],
    segmenter: "energy",
    sizeBytes: 0,
  };
}

/** Starts a host; after the test it is ended, and its process must be gone. */
export async function start(
  t: TestContext,
  script: Record<string, unknown> | string,
  options: Partial<HostOptions> = {},
  seams: HostSeams = {},
): Promise<Host> {
  const spec = await fakeModel(t, script);
  const host = startHost(
    {
      spec,
      assets: { sileroFile: "", voskLibraryFile: "" },
      threads: 2,
      modelPath: "model/fake",
      loadIdleSeconds: 30,
      hangSeconds: 30,
      log: silentLog,
      ...options,
    },
    { ...quick, ...seams },
  );
  t.after(async () => {
    await host.end();
    assert.equal(host.pid !== undefined && isAlive(host.pid), false, "the host's process is gone");
  });
  return host;
}

/** Starts a host and waits until its model is usable. */
export async function startLoaded(...args: Parameters<typeof start>): Promise<Host> {
  const host = await start(...args);
  await host.loaded;
  return host;
}

/** Whether a process runs; one that only waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).charAt(0) !== "Z";
  } catch {
    return process.platform !== "linux";
  }
}

/** Resolves when a process that is no child of this one is gone; the time limit is the test's. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await wait(5);
}

/** Sound of one loudness. */
export function tone(seconds: number, level = 0.5): Float32Array {
  return Float32Array.from({ length: seconds * rate }, (_, at) => level * (at % 2 === 0 ? 1 : -1));
}

/** How far bursts are apart; between them is more silence than any pause in a segment. */
export const burstSeconds = 3;

/** A second of sound and silence after it, so many times: each is one segment. */
export function bursts(count: number, level = 0.5): Float32Array {
  const samples = new Float32Array(count * burstSeconds * rate);
  for (let burst = 0; burst < count; burst += 1) samples.set(tone(1, level), burst * burstSeconds * rate);
  return samples;
}

/** Writes all in chunks, and the end. */
export async function feed(session: HostSession, samples: Float32Array, chunkSamples = 20_000): Promise<void> {
  for (let at = 0; at < samples.length; at += chunkSamples) {
    await session.write(samples.subarray(at, at + chunkSamples));
  }
  session.end();
}

/** Runs each piece of work as soon as it is there; the results in the order of the work. */
export async function transcribe(host: Host, samples: Float32Array, words = false): Promise<readonly RecognizedSpan[]> {
  const session = host.open({ words });
  const runs: Promise<readonly RecognizedSpan[]>[] = [];
  const run = (work: HostWork): void => {
    const spans = spansOf(work);
    // What fails a run also fails works(), and that may be what is waited for.
    spans.catch(() => undefined);
    runs.push(spans);
  };
  const [works] = await Promise.all([all(session, run), feed(session, samples)]);
  assert.deepEqual(
    works.map((work) => work.number),
    works.map((_, at) => at),
  );
  return (await Promise.all(runs)).flat();
}

const spansOf = async (work: HostWork): Promise<readonly RecognizedSpan[]> => (await work.run()).results;

/** All pieces of work of a session. */
export async function all(session: HostSession, each: (work: HostWork) => void = () => {}): Promise<HostWork[]> {
  const works: HostWork[] = [];
  for await (const work of session.works()) {
    works.push(work);
    each(work);
  }
  return works;
}

/** The next piece of work of a session. */
export async function nextWork(session: HostSession): Promise<HostWork> {
  for await (const work of session.works()) return work;
  throw new Error("the session has no more work");
}

/** A session with one burst, and its piece of work. */
export async function oneWork(host: Host): Promise<{ session: HostSession; work: HostWork }> {
  const session = host.open({ words: false });
  await feed(session, bursts(1));
  return { session, work: await nextWork(session) };
}
