import { type CallContext, callJson, postJson } from "./call.ts";
import type { KeepAlive, RenewAnswer } from "./contract/holds.ts";
import type { LoadAnswer, LoadRequest, UnloadAnswer } from "./contract/models.ts";
import type { CallFailure, Served } from "./failure.ts";
import type { ServedBy } from "./transport.ts";

/** What a client wants to hold. */
export interface HoldWish {
  /** As the application wrote it: a path, a version or an alias. What it means may change while it is held. */
  readonly modelPath: string;
  /** null: the hold does not lapse by itself, so there is nothing to renew. */
  readonly leaseMs: number | null;
  readonly keepAlive?: KeepAlive | undefined;
}

/** What tells that a page goes away; `globalThis` in a browser. */
export type Page = Pick<EventTarget, "addEventListener" | "removeEventListener">;

export interface HoldKeeperOptions {
  readonly clientId: string;
  /** Leads to the service only: whoever merely keeps a hold opens no fallback. */
  readonly service: CallContext;
  /** Leads to whoever serves now: for what was loaded in the fallback. */
  readonly either: CallContext;
  readonly page?: Page | undefined;
}

interface Kept extends HoldWish {
  /** The model's own path, as the server said it. */
  serverPath: string;
  by: ServedBy | undefined;
  dueAtMs: number;
  isBusy: boolean;
  /** false: an unload of it was sent. */
  isWanted: boolean;
}

/** A renewal has so long, so that one on its way keeps no process alive for long. */
const renewTimeoutMs = 5_000;
const giveBackTimeoutMs = 5_000;
/** The shortest lease that there is: a hold that lapses is given back and leaves the model to its keep-alive. */
const shortestLeaseMs = 1_000;

/**
 * Keeps the holds that a client has: renews each at a third of its lease, and loads again where the server knows
 * nothing of it any more, as after a restart. There is one timer, none before the first load, and it keeps no process
 * alive.
 */
export class HoldKeeper {
  readonly #options: HoldKeeperOptions;
  /** By the path as it was wished. */
  readonly #kept = new Map<string, Kept>();
  readonly #loading = new Set<{ readonly modelPath: string; isGivenUp: boolean }>();
  /** What is about to be unloaded: it is renewed until then, and loaded again no more. */
  readonly #leaving = new Set<{ readonly modelPath: string }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: HoldKeeperOptions) {
    this.#options = options;
  }

  /** Sends a load; what it takes is kept, unless an unload was sent meanwhile. */
  async load<T extends Served<LoadAnswer> | CallFailure>(wish: HoldWish, send: () => Promise<T>): Promise<T> {
    const loading = { modelPath: wish.modelPath, isGivenUp: false };
    this.#loading.add(loading);
    try {
      const answer = await send();
      if (answer.success && !loading.isGivenUp) this.keep(wish, answer);
      return answer;
    } finally {
      this.#loading.delete(loading);
    }
  }

  /** Sends an unload; what it gives back is renewed no more, also when the answer is lost. */
  async unload<T extends Served<UnloadAnswer> | CallFailure>(modelPath: string, send: () => Promise<T>): Promise<T> {
    this.#leave(modelPath);
    const answer = await send();
    // A refusal says that there was nothing to give back. Without an answer `close` tries once more.
    if (answer.success || isRefusal(answer)) this.gaveBack(modelPath, answer.success ? answer.model_path : modelPath);
    return answer;
  }

  /** A load has succeeded. */
  keep(wish: HoldWish, answer: Partial<Served<Pick<LoadAnswer, "model_path">>>): void {
    if (this.#isClosed) return;
    if (this.#kept.size === 0) this.#options.page?.addEventListener("pagehide", this.#onPageHide);
    this.#kept.set(wish.modelPath, {
      ...wish,
      // Servers of the older kind say nothing more than that it is loaded.
      serverPath: answer.model_path ?? wish.modelPath,
      by: answer.answered_by,
      dueAtMs: nextDueMs(wish),
      isBusy: false,
      isWanted: true,
    });
    this.#arm();
  }

  /** An unload was sent that may take a while. Call what it returns once it is over, or was not begun. */
  leaving(modelPath: string): () => void {
    const leaving = { modelPath };
    this.#leaving.add(leaving);
    return () => void this.#leaving.delete(leaving);
  }

  /** An unload was sent whose outcome nobody knows: it is renewed no more, and `close` tries once more. */
  giveUp(modelPath: string): void {
    this.#leave(modelPath);
  }

  /** An unload has succeeded: of this path, under whatever name the model was loaded. */
  gaveBack(modelPath: string, serverPath: string): void {
    for (const path of [modelPath, serverPath]) {
      this.#leave(path);
      for (const [name, kept] of this.#kept) if (isNamed(kept, path)) this.#kept.delete(name);
    }
    if (this.#kept.size === 0) this.#options.page?.removeEventListener("pagehide", this.#onPageHide);
  }

  /** Gives all back, within 5 s; what cannot be given back lapses. Never rejects; nothing is kept after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#options.page?.removeEventListener("pagehide", this.#onPageHide);
    // Those of a fallback go with it.
    const kept = [...this.#kept.values()].filter(({ by }) => by !== "fallback");
    this.#kept.clear();
    const context = { ...this.#options.service, signals: [] };
    await Promise.all(kept.map((one) => this.#letLapse(one, context)));
  }

  #leave(modelPath: string): void {
    for (const kept of this.#kept.values()) {
      if (isNamed(kept, modelPath)) kept.isWanted = false;
    }
    for (const loading of this.#loading) if (loading.modelPath === modelPath) loading.isGivenUp = true;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#options.service.signals.some((signal) => signal?.aborted)) return;
    const waiting = [...this.#kept.values()].filter((kept) => kept.isWanted && !kept.isBusy);
    const dueAtMs = Math.min(...waiting.map((kept) => kept.dueAtMs));
    if (dueAtMs === Infinity) return;
    this.#timer = setTimeout(() => this.#renewDue(), Math.max(0, dueAtMs - performance.now()));
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #renewDue(): void {
    const now = performance.now();
    for (const kept of this.#kept.values()) {
      if (kept.isWanted && !kept.isBusy && kept.dueAtMs <= now) void this.#keepUp(kept);
    }
    this.#arm();
  }

  /** Never rejects: calls report what goes wrong, and the next time is another chance. */
  async #keepUp(kept: Kept): Promise<void> {
    kept.isBusy = true;
    const context = kept.by === "fallback" ? this.#options.either : this.#options.service;
    const timeoutMs = Math.min(renewTimeoutMs, (kept.leaseMs ?? Infinity) / 3);
    const answer = await this.#renew(kept, kept.leaseMs, context, timeoutMs);
    if (answer.success) kept.by = answer.answered_by ?? kept.by;
    else if (answer.reason === "hold_unknown" && this.#isKeptUp(kept)) await this.#loadAgain(kept, context);
    kept.isBusy = false;
    kept.dueAtMs = nextDueMs(kept);
    this.#arm();
  }

  #isKeptUp(kept: Kept): boolean {
    return kept.isWanted && ![...this.#leaving].some(({ modelPath }) => isNamed(kept, modelPath));
  }

  async #loadAgain(kept: Kept, context: CallContext): Promise<void> {
    const request = postJson("/models/load", loadRequest(this.#options.clientId, kept));
    const defaults = { timeoutMs: Infinity, safety: "always" } as const;
    const answer = await callJson<Served<LoadAnswer>>(context, request, {}, defaults);
    if (!answer.success) return;
    kept.serverPath = answer.model_path;
    kept.by = answer.answered_by ?? kept.by;
    if (!kept.isWanted) await this.#letLapse(kept, context);
  }

  async #letLapse(kept: Kept, context: CallContext): Promise<void> {
    await this.#renew(kept, shortestLeaseMs, context, giveBackTimeoutMs);
  }

  /** By the path that was wished: a hold on what an alias meant before is left to lapse. */
  #renew(
    { modelPath }: Kept,
    leaseMs: number | null,
    context: CallContext,
    timeoutMs: number,
  ): Promise<Served<RenewAnswer> | CallFailure> {
    const request = postJson("/models/renew", renewRequest(this.#options.clientId, modelPath, leaseMs));
    return callJson<Served<RenewAnswer>>(context, request, { timeoutMs }, { timeoutMs, safety: "always" });
  }

  /** The page may be frozen and come back, so that all stays wanted: the timer then loads again what has lapsed. */
  readonly #onPageHide = (): void => {
    const { service, clientId } = this.#options;
    const { signal } = new AbortController();
    for (const { modelPath, by } of this.#kept.values()) {
      if (by === "fallback") continue;
      const request = postJson("/models/renew", renewRequest(clientId, modelPath, shortestLeaseMs));
      service.transport.send({ ...request, signal, outlivesPage: true }).then(
        ({ body }) => body?.cancel(),
        () => undefined,
      );
    }
  };
}

/** The body of a load. */
export function loadRequest(clientId: string, { modelPath, leaseMs, keepAlive }: HoldWish): LoadRequest {
  return {
    model_path: modelPath,
    client_id: clientId,
    ...(leaseMs !== null && { lease_ms: leaseMs }),
    ...(keepAlive !== undefined && { keep_alive: keepAlive }),
  };
}

function renewRequest(client_id: string, model_path: string, leaseMs: number | null) {
  return { client_id, model_path, ...(leaseMs !== null && { lease_ms: leaseMs }) };
}

function isNamed({ modelPath, serverPath }: Kept, path: string): boolean {
  return modelPath === path || serverPath === path;
}

function nextDueMs({ leaseMs }: HoldWish): number {
  return leaseMs === null ? Infinity : performance.now() + leaseMs / 3;
}

/** The server has looked, and answered. */
function isRefusal({ error_code: status }: CallFailure): boolean {
  return status === 400 || status === 404 || status === 409;
}
