import { explainError } from "./explain.ts";
import type { Transport } from "./transport.ts";

/** A fallback that somebody uses. */
export interface Borrowed {
  readonly transport: Transport;
  /** To be called once. */
  readonly giveBack: () => void;
}

/** Calls after the time, unless it is called off; keeps no process alive. */
export type After = (ms: number, act: () => void) => () => void;

export interface FallbackLifeOptions {
  readonly open: () => Transport | Promise<Transport>;
  /** It is closed after so long without use. */
  readonly closeAfterMs: number;
  readonly after?: After;
}

/** The fallback cannot be used. */
export class FallbackUnusable extends Error {}

type State =
  | { readonly is: "shut" }
  /** `made` never rejects; the state has changed when it resolves. */
  | { readonly is: "opening"; readonly made: Promise<Transport | undefined> }
  | { readonly is: "open"; readonly transport: Transport }
  /** `closed` never rejects; the state has changed when it resolves. */
  | { readonly is: "closing"; readonly closed: Promise<void> }
  /** It could not be opened; that is tried once. */
  | { readonly is: "broken"; readonly why: string }
  | { readonly is: "ended"; readonly closed: Promise<void> };

/**
 * The life of a fallback: `shut -> opening -> open -> closing -> shut`, `broken` when it cannot be opened, and `ended`
 * from everywhere. At most one is there at any time, also while one closes; none is opened after the end.
 */
export class FallbackLife {
  readonly #options: FallbackLifeOptions;
  readonly #after: After;
  #state: State = { is: "shut" };
  #users = 0;
  #isNeeded = false;
  #callOff: (() => void) | undefined;

  constructor(options: FallbackLifeOptions) {
    this.#options = options;
    this.#after = options.after ?? afterTimer;
  }

  /** Why it cannot be used, if that is known. */
  get problem(): string | undefined {
    return this.#state.is === "broken" ? this.#state.why : undefined;
  }

  /** Opens it, or joins those who do. @throws FallbackUnusable if it cannot be opened, or the end has come */
  async borrow(): Promise<Borrowed> {
    this.#users++;
    this.#callOff?.();
    try {
      return { transport: await this.#transport(), giveBack: () => this.#giveBack() };
    } catch (error) {
      this.#giveBack();
      throw error;
    }
  }

  /** While it is needed it stays open, also when nobody uses it at the moment. */
  setNeeded(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    this.#closeLater();
  }

  /** Closes it, whoever uses it; it can never be opened again. Safe to call twice. @throws what its `close` throws */
  end(): Promise<void> {
    this.#callOff?.();
    const state = this.#state;
    if (state.is === "ended") return state.closed;
    // Not called at once: a `close` may lead back here.
    const closed = Promise.resolve().then(() => closeFrom(state));
    this.#state = { is: "ended", closed };
    return closed;
  }

  async #transport(): Promise<Transport> {
    for (;;) {
      const state = this.#state;
      if (state.is === "open") return state.transport;
      if (state.is === "broken") throw new FallbackUnusable(state.why);
      if (state.is === "ended") throw new FallbackUnusable("the client was closed");
      if (state.is === "shut") this.#open();
      else await (state.is === "opening" ? state.made : state.closed);
    }
  }

  #open(): void {
    const moveOn = (next: State) => {
      if (this.#state === opening) this.#state = next;
    };
    // Not called at once, so that what `open` throws is a rejection too.
    const made = Promise.resolve()
      .then(() => this.#options.open())
      .then(
        (transport) => {
          moveOn({ is: "open", transport });
          return transport;
        },
        (error: unknown) => {
          moveOn({ is: "broken", why: explainError(error) });
          return undefined;
        },
      );
    const opening: State = { is: "opening", made };
    this.#state = opening;
  }

  #giveBack(): void {
    this.#users--;
    this.#closeLater();
  }

  /** Gives its memory back once nobody needs it. */
  #closeLater(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    if (!this.#isIdle()) return;
    this.#callOff = this.#after(this.#options.closeAfterMs, () => this.#closeIdle());
  }

  #isIdle(): boolean {
    return this.#state.is === "open" && this.#users === 0 && !this.#isNeeded;
  }

  #closeIdle(): void {
    if (!this.#isIdle()) return;
    const closed = closeFrom(this.#state)
      .catch(() => undefined)
      .then(() => {
        if (this.#state === closing) this.#state = { is: "shut" };
      });
    const closing: State = { is: "closing", closed };
    this.#state = closing;
  }
}

/** Closes what there is in a state that was left, or will be. */
async function closeFrom(state: State): Promise<void> {
  if (state.is === "closing") return state.closed;
  const transport = state.is === "open" ? state.transport : state.is === "opening" ? await state.made : undefined;
  await transport?.close?.();
}

function afterTimer(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  // In Node the timer alone keeps no process alive.
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
}
