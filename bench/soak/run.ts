import { copyFileSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Measurement } from "../support/case.ts";
import { writeCertificate } from "../support/certificate.ts";
import { createKey } from "../support/keys.ts";
import { needProportionalMemory } from "../support/memory.ts";
import type { BenchModel } from "../support/model.ts";
import { copyAssets } from "../support/own-models.ts";
import { Random } from "../support/random.ts";
import type { Recording } from "../support/recordings.ts";
import { type BenchServer, startServerWith } from "../support/server.ts";
import type { Scene } from "./activity.ts";
import { hold, holdBySdk, loadAndUnload, reload, Steering, switchVersions } from "./churn.ts";
import { openClients } from "./clients.ts";
import type { Entrance } from "./entrance.ts";
import { Garbage } from "./garbage.ts";
import { Journal } from "./journal.ts";
import { Killer } from "./killer.ts";
import { type Footprint, footprint, unloadAll } from "./leftovers.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { type SoakModels, writeSoakModels } from "./models.ts";
import { rowsOf } from "./rows.ts";
import { Service } from "./service.ts";
import { Tally } from "./tally.ts";
import { measureCapacity, sendTraffic, type Traffic, withWords } from "./traffic.ts";
import { EventReader, Poller } from "./watchers.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Takes part where it can be had. */
  readonly real: BenchModel | undefined;
  readonly speech: readonly Recording[];
  readonly temporaryDirectory: string;
  /** Gets what the server logged, for when a goal is missed. */
  readonly logFile: string;
  /** Gets what was done to processes, and the events of the server. */
  readonly journalFile: string;
  readonly say: (line: string) => void;
}

/** What the run came to. */
export interface Findings {
  readonly minutes: number;
  readonly seed: number;
  readonly cores: number;
  readonly perSecond: number;
  readonly capacityPerSecond: number;
  readonly heldBack: number;
  readonly tally: Tally;
  readonly killer: Killer;
  readonly leftStopped: number;
  readonly steering: Steering;
  readonly garbage: Garbage;
  readonly poller: Poller;
  readonly readers: readonly EventReader[];
  readonly memory: MemoryWatch;
  readonly before: Footprint;
  readonly after: Footprint;
}

/** The share of what the server can do that is asked of it. */
const loadShare = 0.7;
const killEveryMs = 4500;
const patienceAtEndMs = 150_000;
/** So much of it goes by before what the server uses is looked at for the first time. */
const warmUpShare = 0.3;
/** What the slower reader takes over an event. */
const slowReaderMs = 10;

/** Runs a server under traffic and trouble. @throws Unavailable where processes cannot be looked at */
export async function soak(options: SoakOptions): Promise<readonly Measurement[]> {
  needProportionalMemory();
  const { real, speech, temporaryDirectory, logFile, journalFile, say } = options;
  const models = writeSoakModels(temporaryDirectory, real, speech);
  const stateDirectory = join(temporaryDirectory, "state");
  if (real !== undefined) copyAssets(real, stateDirectory);
  const tls = writeCertificate(stateDirectory);
  trust(tls["tls.cert"]);
  const server = await startServerWith({
    modelDirectories: [models.directory],
    stateDirectory,
    defaultModel: models.switched,
    temporaryDirectory,
    settings: {
      ...tls,
      "engine.fake": "true",
      "auth.required": "true",
      "log.file": join(temporaryDirectory, "voxpool.log"),
    },
  });
  try {
    return rowsOf(await runAgainst(server, models, stateDirectory, options));
  } finally {
    await server.stop();
    copyFileSync(join(temporaryDirectory, "voxpool.log"), logFile);
    say(`the server's log: ${logFile}, the events: ${journalFile}`);
  }
}

/** All that is asked for in this process goes over TLS. */
function trust(file: string): void {
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(file, "utf8")]);
}

async function runAgainst(
  server: BenchServer,
  models: SoakModels,
  stateDirectory: string,
  { minutes, seed, journalFile, say }: SoakOptions,
): Promise<Findings> {
  const random = new Random(seed);
  const journal = new Journal(journalFile);
  const entrances = await openEntrances(server.url, stateDirectory);
  const service = new Service(entrances.steering);
  const { clients, close } = openClients(entrances.traffic);
  const killer = new Killer(
    service,
    server.pid,
    models.targets.filter(({ isKilled }) => isKilled).map(({ modelPath }) => modelPath),
    journal,
  );
  const tally = new Tally(say);
  try {
    const [first] = clients;
    if (first === undefined) throw new Error("no clients");
    const targets = await withWords(models.targets, first);
    const traffic: Traffic = { clients, targets, random: random.fork() };
    const capacityPerSecond = await measureCapacity(traffic, minutes < 1 ? 3 : 8, tally);
    const perSecond = loadShare * capacityPerSecond;
    say(`${capacityPerSecond.toFixed(0)} requests/s are possible, ${perSecond.toFixed(0)} are sent`);
    const trouble = new Trouble(server, entrances, models, killer, random, journal);
    let heldBack = 0;
    let leftStopped = 0;
    const phase = async (share: number, earlier?: Footprint): Promise<Footprint> => {
      trouble.begin();
      heldBack += await sendTraffic(traffic, { perSecond, seconds: share * minutes * 60 }, tally, {
        failed: trouble.failed,
        // What is still under way may end in peace: at the end there is nobody else to strike.
        onSent: () => trouble.stop(),
      });
      await within(trouble.end(), patienceAtEndMs, "the end of all activities");
      leftStopped += killer.wake();
      await unloadAll(service);
      return footprint(server.pid, stateDirectory, earlier);
    };
    const before = await phase(warmUpShare);
    const after = await phase(1 - warmUpShare, before);
    const { steering, garbage, poller, readers, memory } = trouble;
    const circumstances = { minutes, seed, cores: cpus().length, perSecond, capacityPerSecond, heldBack };
    return { ...circumstances, tally, killer, leftStopped, steering, garbage, poller, readers, memory, before, after };
  } finally {
    killer.wake();
    await close();
    journal.close();
  }
}

/** Each with a key of its own, which can do what is done with it, and no more. */
interface Entrances {
  readonly traffic: Entrance;
  readonly steering: Entrance;
  readonly reading: Entrance;
  /** Without a key, and with one that is none. */
  readonly strange: readonly Entrance[];
}

async function openEntrances(url: string, stateDirectory: string): Promise<Entrances> {
  const keyFor = (name: string, ...scopes: string[]) => createKey(stateDirectory, name, scopes);
  return {
    traffic: { url, key: await keyFor("traffic", "recognize") },
    steering: { url, key: await keyFor("steering", "recognize", "read", "models") },
    reading: { url, key: await keyFor("reading", "read") },
    strange: [{ url }, { url, key: `vxp_${"x".repeat(43)}` }],
  };
}

/** Everything that goes on beside the traffic. */
class Trouble {
  readonly steering: Steering;
  readonly garbage: Garbage;
  readonly poller: Poller;
  readonly readers: readonly EventReader[];
  readonly memory: MemoryWatch;
  readonly #entrances: Entrances;
  readonly #models: SoakModels;
  readonly #killer: Killer;
  readonly #random: Random;
  readonly #failing = new AbortController();
  #stopping = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    server: BenchServer,
    entrances: Entrances,
    models: SoakModels,
    killer: Killer,
    random: Random,
    journal: Journal,
  ) {
    const service = new Service(entrances.steering);
    this.steering = new Steering(service);
    this.garbage = new Garbage(
      service,
      entrances.strange.map((entrance) => new Service(entrance)),
    );
    this.poller = new Poller(service);
    this.readers = [new EventReader(entrances.reading, journal), new EventReader(entrances.reading)];
    this.memory = new MemoryWatch(server.pid);
    this.#entrances = entrances;
    this.#models = models;
    this.#killer = killer;
    this.#random = random;
  }

  /** Aborted when one of the activities failed itself; `end` says how. */
  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  begin(): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    const scene = (): Scene => ({ random: this.#random.fork(), signal });
    const { switched, churned, broken } = this.#models;
    const { steering, garbage, poller, readers, memory } = this;
    this.#work = Promise.all([
      this.#killer.run(scene(), killEveryMs),
      hold(scene(), steering, churned, "holder"),
      holdBySdk(scene(), steering, this.#entrances.steering, churned),
      loadAndUnload(scene(), steering, churned),
      reload(scene(), steering, [switched, churned]),
      switchVersions(scene(), steering, switched),
      garbage.run(scene(), switched, broken),
      poller.run(scene()),
      memory.run(scene()),
      ...readers.map((reader, index) => reader.run(scene(), index * slowReaderMs)),
    ]);
    this.#work.catch(() => this.#failing.abort());
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Stops them and waits until what is under way is done. @throws Error when one failed */
  async end(): Promise<void> {
    this.stop();
    await this.#work;
  }
}

async function within(work: Promise<void>, ms: number, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
