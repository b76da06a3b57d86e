import { VoxpoolError } from "../base/errors.ts";
import type { Api, Caller, LiveSession } from "./types.ts";

export interface Drainable {
  /** Refuses new work with `server_stopping` once draining has begun; what runs then, runs on. */
  readonly api: Api;
  /** Whether draining has begun. */
  isStopping(): boolean;
  /** Recognitions, live sessions and changes of models that run. */
  running(): number;
  /**
   * Takes no new work from now on. Resolves when nothing runs any more, or when `until` aborts.
   * @returns how much still runs; whoever ends it tells its callers
   */
  drain(until: AbortSignal): Promise<number>;
}

/** When a caller may come again: a server that is started anew is there by then. */
const retryAfterSeconds = 5;

/** Lets the server of an api end without losing what it has begun, whatever protocol it came by. */
export function drainable(api: Api): Drainable {
  const work = new Work();
  const during = <Request, Answer>(call: (request: Request, caller: Caller) => Promise<Answer>) => {
    return async (request: Request, caller: Caller): Promise<Answer> => {
      const done = work.begin();
      try {
        return await call(request, caller);
      } finally {
        done();
      }
    };
  };
  return {
    api: {
      ...api,
      health() {
        work.admit(); // whoever asks would send work
        return api.health();
      },
      loadModel: during((request, caller) => api.loadModel(request, caller)),
      unloadModel: during((request, caller) => api.unloadModel(request, caller)),
      warmUpModel: during((request, caller) => api.warmUpModel(request, caller)),
      reloadModel: during((request, caller) => api.reloadModel(request, caller)),
      pinModel: during((request, caller) => api.pinModel(request, caller)),
      setAlias: during((request, caller) => api.setAlias(request, caller)),
      switchModel: during((request, caller) => api.switchModel(request, caller)),
      runBatch: (...asked) => work.during(() => api.runBatch(...asked)),
      pullModel(...asked) {
        work.admit(); // goes on where it was when it is asked for again: nobody waits for it
        return api.pullModel(...asked);
      },
      transcribe: (...asked) => work.during(() => api.transcribe(...asked)),
      async openLive(request, caller) {
        const done = work.begin();
        try {
          return untilOver(await api.openLive(request, caller), done);
        } catch (error) {
          done();
          throw error;
        }
      },
    },
    isStopping: () => work.isStopping,
    running: () => work.running,
    drain: (until) => work.drain(until),
  };
}

/** What runs, counted. */
class Work {
  running = 0;
  isStopping = false;
  readonly #idle = Promise.withResolvers<void>();

  /** @throws VoxpoolError `server_stopping` */
  admit(): void {
    if (this.isStopping) throw new VoxpoolError("server_stopping", { retry_after_seconds: retryAfterSeconds });
  }

  /** @returns what ends it; safe to call twice @throws VoxpoolError `server_stopping` */
  begin(): () => void {
    this.admit();
    this.running += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.running -= 1;
      if (this.isStopping && this.running === 0) this.#idle.resolve();
    };
  }

  async *during<T>(events: () => AsyncIterable<T>): AsyncGenerator<T, void> {
    const done = this.begin();
    try {
      yield* events();
    } finally {
      done();
    }
  }

  async drain(until: AbortSignal): Promise<number> {
    this.isStopping = true;
    if (this.running === 0 || until.aborted) return this.running;
    await Promise.race([this.#idle.promise, aborted(until)]);
    return this.running;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Tells when a session is over: its events have ended, or it was cancelled before anybody read them. */
function untilOver(session: LiveSession, done: () => void): LiveSession {
  let isRead = false;
  return {
    model: session.model,
    write: (bytes) => session.write(bytes),
    caughtUp: () => session.caughtUp(),
    finalize: () => session.finalize(),
    end: () => session.end(),
    cancel(error) {
      session.cancel(error);
      if (!isRead) done();
    },
    async *events() {
      isRead = true;
      try {
        yield* session.events();
      } finally {
        done();
      }
    },
  };
}
