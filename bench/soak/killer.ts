import { parentOf } from "../support/memory.ts";
import { again, Counts, type Scene } from "./activity.ts";
import type { Journal } from "./journal.ts";
import type { Entry, Service } from "./service.ts";

/** Processes that are stopped for ever, and what ends them otherwise. */
const signals = ["SIGKILL", "SIGTERM", "SIGKILL", "SIGSEGV", "SIGKILL", "SIGTERM", "SIGSTOP"] as const;

/** Who is struck faster than a process can start gets nothing done, and that says nothing about the server. */
const restMs = 6000;

/** So often it is looked for one that works. */
const looks = 20;

interface Struck {
  readonly atMs: number;
  /** When it was seen ready again. */
  readyMs?: number;
}

type Victim = readonly [string, Entry];

/** Ends and stops the processes of models. */
export class Killer {
  readonly counts = new Counts();
  /** How many of them had recognitions to do. */
  atWork = 0;
  readonly #journal: Journal;
  readonly #service: Service;
  readonly #serverPid: number;
  readonly #victims: ReadonlySet<string>;
  readonly #stopped = new Set<number>();
  /** Those that were struck, by path. */
  readonly #struck = new Map<string, Struck>();
  #turn = 0;

  /** @param victims the models whose processes it may take */
  constructor(service: Service, serverPid: number, victims: readonly string[], journal: Journal) {
    this.#journal = journal;
    this.#service = service;
    this.#serverPid = serverPid;
    this.#victims = new Set(victims);
  }

  async run(scene: Scene, meanMs: number): Promise<void> {
    await again(scene, meanMs, () => this.#strike(scene));
  }

  /** Those that were stopped and that the server did not end: there should be none. They are woken. */
  wake(): number {
    const left = [...this.#stopped].filter((pid) => this.#isHost(pid));
    for (const pid of left) process.kill(pid, "SIGCONT");
    this.#stopped.clear();
    return left.length;
  }

  async #strike({ random }: Scene): Promise<void> {
    const victims = await this.#find();
    if (victims.length === 0) return;
    const [path, { pid, sessions, state }] = random.pick(victims);
    const signal = signals[this.#turn++ % signals.length] ?? "SIGKILL";
    if (!this.#isHost(pid)) return;
    process.kill(pid, signal);
    this.#journal.write({ signal, model_path: path, pid, sessions, state });
    if (signal === "SIGSTOP") this.#stopped.add(pid);
    this.counts.add(signal);
    if (sessions > 0) this.atWork += 1;
    this.#struck.set(path, { atMs: performance.now() });
  }

  /** Those that work at this moment; any when none does for a while. */
  async #find(): Promise<readonly Victim[]> {
    let possible: readonly Victim[] = [];
    for (let look = 0; look < looks; look += 1) {
      const found = await this.#service.models();
      possible = found.filter(([path, entry]) => this.#isRested(path, entry) && this.#isUpright(entry.pid));
      const atWork = possible.filter(([, { sessions }]) => sessions > 0);
      if (atWork.length > 0) return atWork;
    }
    return possible;
  }

  #isRested(path: string, { state }: Entry): boolean {
    if (!this.#victims.has(path) || state !== "ready") return false;
    const struck = this.#struck.get(path);
    if (struck === undefined) return true;
    struck.readyMs ??= performance.now();
    // It has what was waiting meanwhile to do besides, on a machine that may be slow.
    return performance.now() - struck.readyMs >= Math.max(restMs, 2 * (struck.readyMs - struck.atMs));
  }

  #isUpright(pid: number): boolean {
    return !this.#stopped.has(pid) && this.#isHost(pid);
  }

  /** The number may belong to a stranger by now: only children of the server are touched. */
  #isHost(pid: number): boolean {
    return Number.isInteger(pid) && pid > 1 && parentOf(pid) === this.#serverPid;
  }
}
