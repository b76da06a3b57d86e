import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { InstanceLease, Leaving } from "../pool/types.ts";
import type { Step } from "./attempt.ts";
import type { Leased } from "./session.ts";

/** What a live session is that is to go over to another process. */
export interface MoveParts {
  /** The process that serves it, and the model of that. */
  readonly served: () => Leased;
  /** What was asked for means that by now; fails where it means nothing. */
  readonly meant: () => Promise<ModelFolder>;
  /** Calls when what was asked for may mean another model; gives the function that ends that. */
  readonly onMeaning: (listener: () => void) => () => void;
  readonly lease: (folder: ModelFolder) => Promise<Leased>;
  /** Where no utterance ends, it moves after so long. */
  readonly longestSeconds: number;
  /** Whether somebody may still speak. */
  readonly goesOn: () => boolean;
  /** Leaves the process at once, behind everything that is finished; what ends its steps then. */
  readonly leave: (error: VoxpoolError) => void;
}

/**
 * Takes a live session to another process: when its own is on its way out, or what its client asked for means another
 * model now. The next process is there before the old one is left, at the next final or after a time; but where the
 * whole instance goes, and nothing else is meant, it has to be gone before it can be loaded anew.
 */
export class Move {
  readonly #parts: MoveParts;
  readonly #stopListening: () => void;
  #stopWatching: () => unknown = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Grows with each look: only the last one counts. */
  #looks = 0;
  #next: Leased | undefined;
  #isDue = false;
  #left: VoxpoolError | undefined;
  #isOver = false;

  constructor(parts: MoveParts) {
    this.#parts = parts;
    this.#stopListening = parts.onMeaning(() => void this.#look());
    this.watch(parts.served().lease);
  }

  /** Another process serves it. */
  watch(lease: InstanceLease): void {
    this.#stopWatching();
    this.#stopWatching = lease.onLeaving((why) => {
      if (!this.#isOver && lease === this.#parts.served().lease) void this.#look(why);
    });
  }

  /** An utterance is over: the place to leave the process, if that is to be. */
  utteranceOver(): void {
    if (this.#isDue) this.#go();
  }

  /** Whether an error ended a process's steps because it was left. */
  isMove(error: VoxpoolError): boolean {
    return error === this.#left;
  }

  /** What serves next, if a lease of it is there already; whoever takes it has it. */
  take(): Leased | undefined {
    const next = this.#next;
    this.#next = undefined;
    this.#callOff();
    return next;
  }

  close(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#stopWatching();
    this.#drop();
  }

  async #look(why?: Leaving): Promise<void> {
    if (this.#isOver) return;
    const look = ++this.#looks;
    const { served, meant, lease, goesOn } = this.#parts;
    const { folder } = served();
    const target = await meant().catch(() => folder);
    if (look !== this.#looks || this.#isOver || !goesOn()) return;
    const isSame = target.directory === folder.directory;
    if (isSame && why === undefined) return this.#drop(); // it came back meanwhile
    if (this.#next?.folder.directory === target.directory && !isSame) return; // it is there already
    if (isSame && why === "unloaded") {
      this.#drop();
      return this.#wait();
    }
    const next = await lease(target).catch(() => undefined); // else it stays where it is, as long as that is there
    if (next === undefined) return;
    if (look !== this.#looks || this.#isOver) return next.lease.release();
    this.#drop();
    this.#next = next;
    this.#wait();
  }

  #wait(): void {
    this.#isDue = true;
    this.#timer ??= setTimeout(() => this.#go(), this.#parts.longestSeconds * 1000);
    this.#timer.unref();
  }

  #drop(): void {
    this.take()?.lease.release();
  }

  #callOff(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
  }

  #go(): void {
    this.#callOff();
    if (this.#isOver || !this.#parts.goesOn()) {
      this.#drop();
      return;
    }
    this.#left = new VoxpoolError("request_cancelled");
    this.#parts.leave(this.#left);
  }
}

/** Nothing that was said before is open. */
export const isUtteranceEnd = (step: Step): boolean =>
  step.kind === "flushed" || (step.kind === "work" && step.spans.length > 0 && step.hypothesis === undefined);
