/// <reference lib="esnext.disposable" preserve="true" />
import type { Audio } from "./audio.ts";
import { type Backup, fetchBackup } from "./backup.ts";
import { type BatchingEvent, type BatchOptions, type BatchOutcome, runBatch, runBatchEvents } from "./batch.ts";
import { type CallContext, type CallOptions, callJson, checkCallOptions, postJson } from "./call.ts";
import { checkBooleans, checkKeepAlive, checkLeaseMs, checkModelPath, checkName, checkText } from "./check.ts";
import type { AliasAnswer, AliasList, PinAnswer, ReloadAnswer, SwitchAnswer, WarmupAnswer } from "./contract/admin.ts";
import type { BatchOperation } from "./contract/batch.ts";
import type { Catalog, CatalogDetails, CatalogQuery, PullAnswer } from "./contract/catalog.ts";
import type { PoolEvent } from "./contract/events.ts";
import type { RenewAnswer } from "./contract/holds.ts";
import type { KeyCreateRequest, KeyList, KeyRevokeAnswer, KeySecretAnswer } from "./contract/keys.ts";
import type { ConfigReloadAnswer } from "./contract/maintenance.ts";
import type {
  AvailableModels,
  Health,
  HealthFailure,
  LoadAnswer,
  ModelList,
  ModelStatus,
  ModelStatusFailure,
  UnloadAnswer,
} from "./contract/models.ts";
import type { ModelStatsAnswer, Stats } from "./contract/stats.ts";
import type { Transcript } from "./contract/transcribe.ts";
import type { ErrorEvent, TranscriptionEvent } from "./events.ts";
import type { CallFailure, Served } from "./failure.ts";
import { withFallback } from "./fallback.ts";
import { HoldKeeper, type HoldWish, loadRequest } from "./holds.ts";
import { type LiveSession, openSession, type SessionOptions } from "./live.ts";
import { encodeModelPath } from "./model-path.ts";
import {
  type ClientOptions,
  type LoadOptions,
  pageOf,
  randomName,
  retryPolicy,
  type SwitchOptions,
  type UnloadOptions,
} from "./options.ts";
import { type EventsOptions, poolEvents } from "./pool-events.ts";
import { type PullOptions, pullModel } from "./pull.ts";
import type { Safety } from "./retry.ts";
import {
  type TextOptions,
  type TranscriptOptions,
  type TranscriptText,
  transcribe,
  transcribeEvents,
} from "./transcribe.ts";
import type { Transport } from "./transport.ts";

const defaultLeaseMs = 90_000;

const quick = { timeoutMs: 30_000, safety: "always" } as const;

const disposal: PropertyDescriptor & ThisType<BaseClient<unknown>> = {
  value(this: BaseClient<unknown>): Promise<void> {
    return this.close();
  },
  configurable: true,
  writable: true,
};

/**
 * The client of a voxpool server. Results are the bodies of the wire, told apart by `success`: whatever goes wrong on
 * the way (network, timeout, abort, a refusal) is a result with `success: false` and never an exception. Misuse, an
 * argument of the wrong type, is a TypeError: thrown by the constructor, a rejection from the methods.
 */
export abstract class BaseClient<Source> {
  /** The name under which the server knows this client. */
  readonly clientId: string;
  /** Lets `await using` close the client; only there where the platform has it. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  readonly #context: CallContext;
  readonly #closing = new AbortController();
  readonly #fallback: Required<Transport> | undefined;
  readonly #leaseMs: number | null;
  readonly #holds: HoldKeeper;

  static {
    // The oldest Node 20 and some browsers have no such symbol.
    const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol };
    if (asyncDispose !== undefined) Object.defineProperty(BaseClient.prototype, asyncDispose, disposal);
  }

  /** @throws TypeError if an option is wrong */
  protected constructor(transport: Transport, options: ClientOptions) {
    checkCallOptions(options);
    const { fallback, clientId = `sdk:${randomName()}`, leaseMs = defaultLeaseMs } = options;
    checkText(clientId, "clientId");
    checkLeaseMs(leaseMs);
    this.clientId = clientId;
    this.#leaseMs = leaseMs;
    this.#fallback = fallback === undefined ? undefined : withFallback(transport, fallback);
    this.#context = {
      transport: this.#fallback ?? transport,
      retry: retryPolicy(options.retry),
      signals: [this.#closing.signal, options.signal],
      timeoutMs: options.timeoutMs,
      clientId,
    };
    this.#holds = new HoldKeeper({
      clientId,
      service: { ...this.#context, transport },
      either: this.#context,
      page: pageOf(),
    });
  }

  /** Makes a recording ready to be sent, or says why it cannot be read. @throws TypeError if it is none */
  protected abstract openSource(source: Source): Promise<Audio | CallFailure>;

  /** Whether the server runs, and how many models it has loaded. Within 30 s by default. */
  async checkHealth(options: CallOptions = {}): Promise<Served<Health> | CallFailure<HealthFailure>> {
    return this.#get("/health", options);
  }

  /**
   * Loads a model, joins a load in progress, or finds it loaded: the result comes once it is usable. No time limit by
   * default, since loading takes as long as the model is large. The client then holds the model until `unloadModel` or
   * `close`: its lease is renewed, and where the server has forgotten it the model is loaded again.
   */
  async loadModel(modelPath: string, options: LoadOptions = {}): Promise<Served<LoadAnswer> | CallFailure> {
    checkModelPath(modelPath);
    checkLeaseMs(options.leaseMs);
    checkKeepAlive(options.keepAlive, "keepAlive");
    checkBooleans(options, "pin");
    const { leaseMs = this.#leaseMs, keepAlive, pin } = options;
    const wish: HoldWish = { modelPath, leaseMs, keepAlive };
    const body = { ...loadRequest(this.clientId, wish), ...(pin !== undefined && { pin }) };
    // Loading what is loaded changes nothing, and a load whose caller vanished counts for nobody.
    return this.#holds.load(wish, () => this.#post<LoadAnswer>("/models/load", body, "always", options));
  }

  /**
   * Gives the client's hold back; the model is unloaded if nobody else holds it. No time limit by default: the server
   * first finishes the work that is in progress.
   */
  async unloadModel(modelPath: string, options: UnloadOptions = {}): Promise<Served<UnloadAnswer> | CallFailure> {
    checkModelPath(modelPath);
    checkCallOptions(options);
    checkBooleans(options, "force");
    const { force } = options;
    const body = { model_path: modelPath, client_id: this.clientId, ...(force !== undefined && { force }) };
    // It can take no other client's hold. But sent again after its answer was lost it would turn a success into "not
    // loaded", and unload what others use without a hold.
    return this.#holds.unload(modelPath, () => this.#post<UnloadAnswer>("/models/unload", body, "unsent", options));
  }

  /** Renews all holds of this client now; it does so by itself. `hold_unknown` if it has none. Within 30 s by default. */
  async renew(options: CallOptions = {}): Promise<Served<RenewAnswer> | CallFailure> {
    return this.#post("/models/renew", { client_id: this.clientId }, "always", options, quick.timeoutMs);
  }

  /** Recognises a recording with the model, which is loaded if need be. No time limit by default. */
  async warmUp(modelPath: string, options: CallOptions = {}): Promise<Served<WarmupAnswer> | CallFailure> {
    checkModelPath(modelPath);
    return this.#post("/models/warmup", { model_path: modelPath }, "always", options);
  }

  /** Has a fresh process read the model's files and take over once it is warm. No time limit by default. */
  async reload(modelPath: string, options: CallOptions = {}): Promise<Served<ReloadAnswer> | CallFailure> {
    checkModelPath(modelPath);
    return this.#post("/models/reload", { model_path: modelPath }, "unsent", options);
  }

  /** Pins a model, which is then never evicted, or unpins it. Within 30 s by default. */
  async pin(modelPath: string, pinned = true, options: CallOptions = {}): Promise<Served<PinAnswer> | CallFailure> {
    checkModelPath(modelPath);
    checkBooleans({ pinned }, "pinned");
    return this.#post("/models/pin", { model_path: modelPath, pinned }, "always", options, quick.timeoutMs);
  }

  /** The aliases, and what each stands for. Within 30 s by default. */
  async aliases(options: CallOptions = {}): Promise<Served<AliasList> | CallFailure> {
    return this.#get("/models/aliases", options);
  }

  /** Points an alias to a model or a version of it; null removes it. Within 30 s by default. */
  async setAlias(
    alias: string,
    modelPath: string | null,
    options: CallOptions = {},
  ): Promise<Served<AliasAnswer> | CallFailure> {
    checkText(alias, "alias");
    if (modelPath !== null) checkModelPath(modelPath);
    // Removed twice it would not be found.
    const safety = modelPath === null ? "unsent" : "always";
    return this.#post("/models/alias", { alias, model_path: modelPath }, safety, options, quick.timeoutMs);
  }

  /**
   * Switches a model to another version, or an alias to another model, under traffic: the new one is loaded, warmed up
   * and checked before it serves. No time limit by default.
   */
  async switchModel(modelPath: string, options: SwitchOptions = {}): Promise<Served<SwitchAnswer> | CallFailure> {
    checkModelPath(modelPath);
    checkBooleans(options, "gate");
    const { version, to, gate, probation } = options;
    // What is undefined is left out of the JSON.
    return this.#post("/models/switch", { model_path: modelPath, version, to, gate, probation }, "unsent", options);
  }

  /**
   * Has many operations done by one call. Each has a result, in their order; that some failed is an answer with
   * `success: false` and `results`. What it loads is held as by `loadModel`. No time limit by default.
   */
  async batch(operations: readonly BatchOperation[], options: BatchOptions = {}): Promise<BatchOutcome | CallFailure> {
    return runBatch(this.#context, operations, options, { holds: this.#holds, leaseMs: this.#leaseMs });
  }

  /** As `batch`, and gives its events as they come: `started` and `result`, then exactly one `done` or `error`. */
  async *batchEvents(
    operations: readonly BatchOperation[],
    options: BatchOptions = {},
  ): AsyncGenerator<BatchingEvent, void, undefined> {
    yield* runBatchEvents(this.#context, operations, options, { holds: this.#holds, leaseMs: this.#leaseMs });
  }

  /** The models that are loaded, by path. Within 30 s by default. */
  async listModels(options: CallOptions = {}): Promise<Served<ModelList> | CallFailure> {
    return this.#get("/models", options);
  }

  /** The models on the server's disk, loaded or not, by path. Within 30 s by default. */
  async listAvailableModels(options: CallOptions = {}): Promise<Served<AvailableModels> | CallFailure> {
    return this.#get("/models/available", options);
  }

  /** A loaded model; one that is not is a failure with the reason `model_not_loaded`. Within 30 s by default. */
  async getModelStatus(
    modelPath: string,
    options: CallOptions = {},
  ): Promise<Served<ModelStatus> | CallFailure<ModelStatusFailure>> {
    checkModelPath(modelPath);
    return this.#get(`/models/status/${encodeModelPath(modelPath)}`, options);
  }

  /** The models that the server can fetch by name, with what of them is installed. Within 30 s by default. */
  async searchCatalog(wish: CatalogQuery = {}, options: CallOptions = {}): Promise<Served<Catalog> | CallFailure> {
    const query = Object.fromEntries(
      Object.entries({ query: wish.query, language: wish.language }).filter(([, value]) => value !== undefined),
    );
    return this.#get("/catalog", options, query as Record<string, string>);
  }

  /** One of the models that the server can fetch. Within 30 s by default. */
  async getCatalogModel(name: string, options: CallOptions = {}): Promise<Served<CatalogDetails> | CallFailure> {
    checkName(name);
    return this.#get(`/catalog/${encodeModelPath(name)}`, options);
  }

  /**
   * Has the server fetch a model of its catalogue, or joins a pull in progress; the result comes once it is there. No
   * time limit by default. The pull goes on when the caller leaves, and sent again it is the same pull.
   */
  async pullModel(name: string, options: PullOptions = {}): Promise<Served<PullAnswer> | CallFailure> {
    checkName(name);
    return pullModel(this.#context, name, options);
  }

  /** The API keys of the server, without their secrets. Needs a key with `admin`. Within 30 s by default. */
  async listKeys(options: CallOptions = {}): Promise<Served<KeyList> | CallFailure> {
    return this.#get("/keys", options);
  }

  /** Makes an API key; `secret` is told this once. Needs a key with `admin`. Within 30 s by default. */
  async createKey(
    request: KeyCreateRequest,
    options: CallOptions = {},
  ): Promise<Served<KeySecretAnswer> | CallFailure> {
    checkName(request.name);
    // Sent twice it would be taken already, and its secret lost.
    return this.#post("/keys", request, "unsent", options, quick.timeoutMs);
  }

  /** Gives an API key, by its id or name, another secret. Needs a key with `admin`. Within 30 s by default. */
  async rotateKey(
    key: string,
    options: CallOptions & { readonly overlapSeconds?: number } = {},
  ): Promise<Served<KeySecretAnswer> | CallFailure> {
    checkName(key);
    const body = { key, overlap_seconds: options.overlapSeconds };
    return this.#post("/keys/rotate", body, "unsent", options, quick.timeoutMs);
  }

  /** Revokes an API key, by its id or name. Needs a key with `admin`. Within 30 s by default. */
  async revokeKey(key: string, options: CallOptions = {}): Promise<Served<KeyRevokeAnswer> | CallFailure> {
    checkName(key);
    return this.#post("/keys/revoke", { key }, "unsent", options, quick.timeoutMs);
  }

  /** What the models did: requests, speed, memory, errors; of each and in total. Within 30 s by default. */
  async stats(options: CallOptions = {}): Promise<Served<Stats> | CallFailure> {
    return this.#get("/models/stats", options);
  }

  /** What one model did, or one version of it (`model/cn@1`). Within 30 s by default. */
  async modelStats(modelPath: string, options: CallOptions = {}): Promise<Served<ModelStatsAnswer> | CallFailure> {
    checkModelPath(modelPath);
    return this.#get(`/models/stats/${encodeModelPath(modelPath)}`, options);
  }

  /**
   * What happens in the pool, as it happens, without an end. A connection that is lost is made anew, and goes on where
   * it was: a `gap` tells that events in between are no longer known. It ends with an `error` alone: when the server
   * refuses, when it cannot be reached at first, when the signal is aborted or the client closed; with `retry: false`
   * also when the connection is lost. Nothing is sent before the first event is asked for.
   */
  async *events(options: EventsOptions = {}): AsyncGenerator<PoolEvent | ErrorEvent, void, undefined> {
    checkCallOptions(options);
    yield* poolEvents(this.#context, options);
  }

  /**
   * Recognises a recording. The result is the transcript, or its text with `response_format` text, srt, vtt, tsv or
   * lrc. No time limit by default. A source that can be read once only is never sent again.
   */
  async transcribe(source: Source, options?: TranscriptOptions): Promise<Served<Transcript> | CallFailure>;
  async transcribe(source: Source, options: TextOptions): Promise<Served<TranscriptText> | CallFailure>;
  async transcribe(
    source: Source,
    options: TranscriptOptions | TextOptions,
  ): Promise<Served<Transcript | TranscriptText> | CallFailure>;
  async transcribe(
    source: Source,
    options: TranscriptOptions | TextOptions = {},
  ): Promise<Served<Transcript | TranscriptText> | CallFailure> {
    checkCallOptions(options);
    const audio = await this.openSource(source);
    return "success" in audio ? audio : transcribe(this.#context, audio, options);
  }

  /**
   * Recognises a recording and gives its events as they come: `progress` and `segment`, then exactly one `done` or
   * `error`. Nothing is sent before the first event is asked for; leaving the loop cancels the recognition.
   */
  async *transcribeEvents(
    source: Source,
    options: TranscriptOptions = {},
  ): AsyncGenerator<TranscriptionEvent, void, undefined> {
    checkCallOptions(options);
    const audio = await this.openSource(source);
    if ("success" in audio) yield { type: "error", failure: audio };
    else yield* transcribeEvents(this.#context, audio, options);
  }

  /**
   * Opens a live session: audio goes in while it is spoken, and its words come out. The result comes once the server is
   * ready, which may load a model first; no time limit by default. Where the client has a fallback, who serves is
   * decided now, and a session whose service is gone for good ends with an `error`.
   * @throws TypeError if an option is wrong, or this runtime or the transport cannot have live sessions
   */
  async openSession(options: SessionOptions = {}): Promise<LiveSession | CallFailure> {
    return openSession(this.#context, options);
  }

  /** A copy of what the server keeps over restarts, taken while it runs. Without a time limit by default. */
  async backUp(options: CallOptions = {}): Promise<Served<Backup> | CallFailure> {
    return fetchBackup(this.#context, options);
  }

  /** Has the server read its configuration again. A wrong one changes nothing. Within 30 s by default. */
  async reloadConfig(options: CallOptions = {}): Promise<Served<ConfigReloadAnswer> | CallFailure> {
    return this.#post("/config/reload", {}, "always", options, quick.timeoutMs);
  }

  /**
   * Ends the client: calls in progress and later ones fail with the reason `request_cancelled`, and a fallback that was
   * opened is closed, its processes too. A transport that was given is left alone. The client's holds are given back,
   * within 5 s: models that nobody else holds stay for their keep-alive. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#holds.close(), this.#fallback?.close()]);
  }

  #get<Answer, Body extends object>(
    path: string,
    options: CallOptions,
    query: Record<string, string> = {},
  ): Promise<Served<Answer> | CallFailure<Body>> {
    const headers = { accept: "application/json" };
    return callJson<Served<Answer>, Body>(this.#context, { method: "GET", path, query, headers }, options, quick);
  }

  #post<Answer>(
    path: string,
    body: object,
    safety: Safety,
    options: CallOptions,
    timeoutMs = Infinity,
  ): Promise<Served<Answer> | CallFailure> {
    return callJson<Served<Answer>>(this.#context, postJson(path, body), options, { timeoutMs, safety });
  }
}
