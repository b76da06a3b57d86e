import { parentOf } from "../support/memory.ts";
import { again, Counts, type Scene } from "./activity.ts";
import type { Service } from "./service.ts";

/** Processes that are stopped for ever, and what ends them otherwise. */
const signals = ["SIGKILL", "SIGTERM", "SIGKILL", "SIGSEGV", "SIGKILL", "SIGTERM", "SIGSTOP"] as const;

/** Ends and stops the processes of models. */
export class Killer {
  readonly counts = new Counts();
  readonly #service: Service;
  readonly #serverPid: number;
  readonly #victims: ReadonlySet<string>;
  readonly #stopped = new Set<number>();
  #turn = 0;
  #last = "";

  /** @param victims the models whose processes it may take */
  constructor(service: Service, serverPid: number, victims: readonly string[]) {
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
    const found = await this.#service.models();
    const possible = found.filter(([path, { pid }]) => this.#victims.has(path.split("@")[0] ?? "") && this.#isHost(pid));
    // Not one twice in a row: a request that meets two ends by its own bad luck is not what is looked for.
    const others = possible.filter(([path]) => path !== this.#last);
    if (others.length === 0) return;
    const [path, { pid }] = random.pick(others);
    const signal = signals[this.#turn++ % signals.length] ?? "SIGKILL";
    if (this.#stopped.has(pid) || !this.#isHost(pid)) return;
    process.kill(pid, signal);
    if (signal === "SIGSTOP") this.#stopped.add(pid);
    this.counts.add(signal);
    this.#last = path;
  }

  /** The number may belong to a stranger by now: only children of the server are touched. */
  #isHost(pid: number): boolean {
    return Number.isInteger(pid) && pid > 1 && parentOf(pid) === this.#serverPid;
  }
}
