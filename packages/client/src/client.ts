import type { Audio } from "./audio.ts";
import { type CallContext, type CallOptions, callJson, checkCallOptions } from "./call.ts";
import type { Catalog, CatalogDetails, CatalogQuery, PullAnswer } from "./contract/catalog.ts";
import type { PoolEvent } from "./contract/events.ts";
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
import { type FallbackOptions, type OpenFallback, withFallback } from "./fallback.ts";
import type { HttpOptions } from "./http.ts";
import { type EventsOptions, poolEvents } from "./pool-events.ts";
import { type PullOptions, pullModel } from "./pull.ts";
import { defaultRetryPolicy, type RetryPolicy, type Safety } from "./retry.ts";
import {
  type TextOptions,
  type TranscriptOptions,
  type TranscriptText,
  transcribe,
  transcribeEvents,
} from "./transcribe.ts";
import type { Transport } from "./transport.ts";

/** Options of a client; `timeoutMs` and `signal` hold for all its calls. */
export interface ClientOptions extends CallOptions, Omit<HttpOptions, "streamUploads"> {
  /** When calls are sent again; `false`: never. */
  readonly retry?: Partial<RetryPolicy> | false;
  /** Carries the requests instead of HTTP; the base URL and `key`, `headers` and `fetch` are of no use then. */
  readonly transport?: Transport;
  /** Serves while the service cannot be reached: what opens it, or that with options. Results then say who served. */
  readonly fallback?: OpenFallback | FallbackOptions;
}

const quick = { timeoutMs: 30_000, safety: "always" } as const;

/**
 * The client of a voxpool server. Results are the bodies of the wire, told apart by `success`: whatever goes wrong on
 * the way (network, timeout, abort, a refusal) is a result with `success: false` and never an exception. Misuse, an
 * argument of the wrong type, is a TypeError: thrown by the constructor, a rejection from the methods.
 */
export abstract class BaseClient<Source> {
  readonly #context: CallContext;
  readonly #closing = new AbortController();
  readonly #fallback: Required<Transport> | undefined;

  /** @throws TypeError if an option is wrong */
  protected constructor(transport: Transport, options: ClientOptions) {
    checkCallOptions(options);
    const { fallback } = options;
    this.#fallback = fallback === undefined ? undefined : withFallback(transport, fallback);
    this.#context = {
      transport: this.#fallback ?? transport,
      retry: retryPolicy(options.retry),
      signals: [this.#closing.signal, options.signal],
      timeoutMs: options.timeoutMs,
    };
  }

  /** Makes a recording ready to be sent, or says why it cannot be read. @throws TypeError if it is none */
  protected abstract openSource(source: Source): Promise<Audio | CallFailure>;

  /** Whether the server runs, and how many models it has loaded. Within 30 s by default. */
  async checkHealth(options: CallOptions = {}): Promise<Served<Health> | CallFailure<HealthFailure>> {
    return this.#get("/health", options);
  }

  /**
   * Loads a model, joins a load in progress, or finds it loaded: the result comes once it is usable. No time limit by
   * default, since loading takes as long as the model is large.
   */
  async loadModel(modelPath: string, options: CallOptions = {}): Promise<Served<LoadAnswer> | CallFailure> {
    // Loading what is loaded changes nothing, and a load whose caller vanished counts for nobody.
    return this.#post("/models/load", modelPath, "always", options);
  }

  /** Unloads a model. No time limit by default: the server first finishes the work that is in progress. */
  async unloadModel(modelPath: string, options: CallOptions = {}): Promise<Served<UnloadAnswer> | CallFailure> {
    // Each unload gives one hold back: sent again after its answer was lost, it would give back another client's, or
    // turn a success into "not loaded".
    return this.#post("/models/unload", modelPath, "unsent", options);
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
   * Ends the client: calls in progress and later ones fail with the reason `request_cancelled`, and a fallback that was
   * opened is closed, its processes too. A transport that was given is left alone. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#fallback?.close();
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
    modelPath: string,
    safety: Safety,
    options: CallOptions,
  ): Promise<Served<Answer> | CallFailure> {
    checkModelPath(modelPath);
    const headers = { accept: "application/json", "content-type": "application/json" };
    const body = JSON.stringify({ model_path: modelPath });
    const defaults = { timeoutMs: Infinity, safety };
    return callJson<Served<Answer>>(this.#context, { method: "POST", path, headers, body }, options, defaults);
  }
}

/** The transport that the options give, else the one that `http` makes. @throws TypeError if both are configured */
export function transportOf(options: ClientOptions, http: () => Transport): Transport {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  const { transport, key, headers, fetch } = options;
  if (transport === undefined) return http();
  if (key !== undefined || headers !== undefined || fetch !== undefined) {
    throw new TypeError("key, headers and fetch belong to the HTTP transport; give them to httpTransport()");
  }
  return transport;
}

function retryPolicy(given: ClientOptions["retry"]): RetryPolicy {
  if (given === false) return { ...defaultRetryPolicy, retries: 0 };
  const policy = { ...defaultRetryPolicy, ...given };
  for (const [name, value] of Object.entries(policy)) {
    if (typeof value !== "number" || !(value >= 0)) throw new TypeError(`retry.${name} must be a number of 0 or more`);
  }
  return policy;
}

function checkName(name: string): void {
  if (typeof name !== "string" || name === "") throw new TypeError('the name must be a string, for example "cn"');
}

function checkModelPath(modelPath: string): void {
  if (typeof modelPath !== "string" || modelPath === "") {
    throw new TypeError('the model path must be a string that is not empty, for example "model/cn"');
  }
}

/**
 * Slashes stay, as in the known client, so that proxies leave the path alone. A path with dot segments is encoded
 * whole: URLs resolve those, and `../load` would become another route.
 */
function encodeModelPath(modelPath: string): string {
  const segments = modelPath.toWellFormed().split("/");
  const hasDots = segments.some((segment) => segment === "." || segment === "..");
  return hasDots ? encodeURIComponent(`${segments.join("/")}/`) : segments.map(encodeURIComponent).join("/");
}
