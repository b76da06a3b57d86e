import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createCatalog } from "../../dist/catalog/catalog.js";
import { startHost } from "../../dist/host/parent/host.js";
import type { Host, HostSession } from "../../dist/host/parent/types.js";
import { createPool, type PoolOptions } from "../../dist/pool/pool.js";
import type { InstanceLease, PoolEvent } from "../../dist/pool/types.js";
import { scratchDirectory } from "../base/scratch.ts";
import { bursts, feed } from "../host/harness.ts";
import { writeModel } from "../server/running.ts";
import { poolOptions } from "./pool-parts.ts";

/** A pool with real processes and one model of the fake engine. */
export async function realPool(t: TestContext, fake: object, options: Partial<PoolOptions> = {}) {
  const directory = scratchDirectory(t);
  const folderPath = join(directory, "model", "one");
  writeModel(folderPath, { fake });
  const catalog = createCatalog({ modelDirs: ["model"], workingDirectory: directory, fakeEngine: true });
  const hosts: Host[] = [];
  const events = new EventEmitter();
  const pool = createPool({
    ...poolOptions(catalog),
    tickSeconds: 0.02,
    ...options,
    startHost: (one) => {
      const host = startHost(one, { heartbeatMs: 100 });
      hosts.push(host);
      events.emit("host", host);
      return host;
    },
  });
  t.after(() => pool.close());
  const seen: PoolEvent[] = [];
  pool.subscribe((event) => {
    seen.push(event);
    events.emit(event.type === "state" ? event.instance.state : event.type, event);
  });
  return {
    pool,
    folder: await catalog.resolve("one"),
    hosts,
    seen,
    /** The next event, or state, of that name. */
    until: async (what: string): Promise<void> => void (await once(events, what)),
    /** Other files in the place of the model's. */
    rewrite: (script: object) => writeModel(folderPath, { fake: script }),
  };
}

/** Recognises so many segments in a lease's process, one after the other; gives what was heard. */
export async function recognise(lease: InstanceLease, segments = 1): Promise<string[]> {
  const session = lease.open({ words: false });
  const feeding = feed(session, bursts(segments));
  feeding.catch(() => undefined); // of what ended the session its works tell
  const texts = await heardIn(session);
  await feeding;
  return texts;
}

async function heardIn(session: HostSession): Promise<string[]> {
  const texts: string[] = [];
  for await (const work of session.works()) {
    const { results } = await work.run();
    texts.push(...results.map(({ text }) => text));
  }
  return texts;
}
