import type {
  AliasAnswer,
  AliasList,
  AliasRequest,
  AvailableModels,
  BatchEvent,
  BatchRequest,
  Catalog,
  CatalogDetails,
  CatalogQuery,
  Health,
  LiveEvent,
  LiveOptions,
  LoadAnswer,
  LoadRequest,
  ModelList,
  ModelStatus,
  ModelStatusFailure,
  PinAnswer,
  PinRequest,
  PullEvent,
  PullRequest,
  Reason,
  ReloadAnswer,
  ReloadRequest,
  RenewAnswer,
  RenewRequest,
  SwitchAnswer,
  SwitchRequest,
  TranscribeEvent,
  TranscribeOptions,
  UnloadAnswer,
  UnloadRequest,
  WarmupAnswer,
  WarmupRequest,
} from "@voxpool/client/contract";
import type { Principal } from "../access/principal.ts";
import type { RawPcm } from "../audio/audio.ts";
import type { MessageLanguage, VoxpoolError } from "../base/errors.ts";
import type { Span } from "../base/span.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { ExplainFailure } from "./batch.ts";

/** A recognition that ended, well or not. */
export interface RecognitionOutcome {
  /** The model that served; that was wished, if none did. */
  readonly folder: ModelFolder;
  readonly audioSeconds: number;
  readonly queueSeconds: number;
  readonly decodeSeconds: number;
  readonly totalSeconds: number;
  /** Set of a live session, whose times are sums over all that was said. */
  readonly live?: { readonly droppedPartials: number };
  /** It gave partials to another recognition: a use of its model, but no recognition more. */
  readonly isPart?: true;
  /** Why it failed. */
  readonly reason?: Reason;
}

/** Who looks, and in which language it is spoken to. */
export interface Viewer {
  /** Who it has shown to be; undefined: nobody is asked. */
  readonly principal?: Principal;
  /** What the answer says to people is said in this language. */
  readonly language: MessageLanguage;
}

/** Who asks. */
export interface Caller extends Viewer {
  /** Name for fairness and holds, `holderName` of the `client_id` if there is one, else of the remote address. */
  readonly client: string;
  /** Whether `client` is an id that the caller gave itself. */
  readonly kind?: "client" | "address";
  /** Aborted when the caller went away. */
  readonly signal: AbortSignal;
  /** The name of its key, where there is one. */
  readonly keyName?: string;
  /** Of the request, for lines in the log. */
  readonly requestId?: string;
  /** The span that what is done for it lies in, where it is traced. */
  readonly span?: Span;
  /** Told what a recognition cost once it has ended, for the line in the log. */
  readonly onOutcome?: (outcome: RecognitionOutcome) => void;
  /** What was begun for it is finished though it went away, as in a batch. */
  readonly isFinished?: boolean;
}

export interface TranscribeRequest {
  /** The recording; pulled, so that a slow recognition slows the upload. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** A file that holds `bytes` until the answer is complete, where there is one. */
  readonly file?: string;
  /** Set: `bytes` are headerless 16-bit PCM. */
  readonly raw?: RawPcm;
  readonly options: TranscribeOptions;
  /** Names of hints that came along, of which an engine makes no use. */
  readonly hints?: readonly string[];
}

export interface LiveRequest {
  readonly options: LiveOptions;
  /** Names of hints that came along, of which nothing makes use. */
  readonly hints?: readonly string[];
  /** Text and words as the engine gives them: spaces between Chinese words stay, and words are words. */
  readonly isVerbatim?: boolean;
  /** What is told of partials cannot be taken back: they are to be of the model that gives the finals. */
  readonly wantsStable?: boolean;
  /** Word times where the model has them; `options.words` demands them. */
  readonly wantsWords?: boolean;
}

/** An event before the transport gives it its number. */
export type LiveOutput = LiveEvent extends infer E ? (E extends { number: number } ? Omit<E, "number"> : never) : never;

/**
 * A live recognition under way. Its model is loaded. Transports differ in how they carry it; resuming a connection
 * is theirs too.
 */
export interface LiveSession {
  /** The model that serves, as it is when the session begins. */
  readonly model: {
    readonly model_path: string;
    readonly model_version: string;
    readonly language?: string;
    readonly words: boolean;
    readonly partials: boolean;
    /** The model that gives the partials, where that is another one. */
    readonly partials_model_path?: string;
  };
  /**
   * Takes bytes of audio in the encoding of the options; odd ends are kept for the next call. Resolves when more may
   * come: this is the back-pressure. @throws what ended the session
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Resolves when an engine that follows the stream has taken what was written; at once for engines that decode whole
   * utterances. For transports that answer each piece of audio. @throws what ended the session
   */
  caughtUp(): Promise<void>;
  /** What was written so far becomes final; one `finalized` event comes behind those finals. */
  finalize(): void;
  /** No more audio: the rest becomes final, then `ended`. */
  end(): void;
  /** Ends it at once; events then throw `error`, by default `request_cancelled`. Safe to call twice. */
  cancel(error?: VoxpoolError): void;
  /**
   * All events but `ready` and `error`, the last one `ended`; it throws instead of `error`. A reader that is slow misses
   * partials, never a final; one that does not read holds the input back in the end. Iterate once.
   */
  events(): AsyncIterable<LiveOutput>;
}

/** The use cases: contract in, contract out. Every transport maps onto these and nothing below them. */
export interface Api {
  health(): Health;
  listModels(viewer: Viewer): Promise<ModelList>;
  availableModels(viewer: Viewer): Promise<AvailableModels>;
  /** Not loaded is an answer here, not an error. @throws VoxpoolError `model_path_invalid` */
  modelStatus(modelPath: string, viewer: Viewer): Promise<ModelStatus | ModelStatusFailure>;
  /** Resolves once the model is usable. @throws VoxpoolError */
  loadModel(request: LoadRequest, caller: Caller): Promise<LoadAnswer>;
  /** @throws VoxpoolError `model_not_loaded` and others */
  unloadModel(request: UnloadRequest, caller: Caller): Promise<UnloadAnswer>;
  /** Renews what a client holds. @throws VoxpoolError `hold_unknown` and those of a path */
  renewHolds(request: RenewRequest, caller: Caller): Promise<RenewAnswer>;
  /** Loads it if needed, and decodes a recording. @throws VoxpoolError */
  warmUpModel(request: WarmupRequest, caller: Caller): Promise<WarmupAnswer>;
  /** A fresh process reads the files and takes over. @throws VoxpoolError `model_not_loaded` and of the load */
  reloadModel(request: ReloadRequest, caller: Caller): Promise<ReloadAnswer>;
  pinModel(request: PinRequest, caller: Caller): Promise<PinAnswer>;
  listAliases(viewer: Viewer): AliasList;
  /** @throws VoxpoolError `alias_invalid`, `alias_not_found` and those of a path */
  setAlias(request: AliasRequest, caller: Caller): Promise<AliasAnswer>;
  /** Lets another version serve. @throws VoxpoolError as `Switches.switch` does */
  switchModel(request: SwitchRequest, caller: Caller): Promise<SwitchAnswer>;
  /** Several of the above; what fails is a result, by `explain`. `started` and `result` events, then one `done`. */
  runBatch(request: BatchRequest, caller: Caller, explain: ExplainFailure): AsyncIterable<BatchEvent>;
  /** What can be fetched by name. @throws VoxpoolError `option_invalid` */
  searchCatalog(query: CatalogQuery, viewer: Viewer): Promise<Catalog>;
  /** @throws VoxpoolError `download_unknown` */
  catalogDetails(name: string, viewer: Viewer): Promise<CatalogDetails>;
  /**
   * Fetches something of the catalogue: `progress` events, then one `done`; it never yields `error`, it throws. Whoever
   * stops iterating stops listening; the pull goes on.
   * @throws VoxpoolError
   */
  pullModel(request: PullRequest, caller: Caller): AsyncIterable<PullEvent>;
  /**
   * `progress` and `segment` events, then one `done`; it never yields `error`, it throws.
   * Whoever stops iterating, or whose signal aborts, cancels the work.
   * @throws VoxpoolError
   */
  transcribe(request: TranscribeRequest, caller: Caller): AsyncIterable<TranscribeEvent>;
  /**
   * Loads the model and opens a live session with it. Its caller's signal cancels it. Whoever gets one reads its events
   * or cancels it: until then it has one of the places.
   * @throws VoxpoolError of the model, `too_many_sessions`, `client_sessions_full`, `capability_missing` and others
   */
  openLive(request: LiveRequest, caller: Caller): Promise<LiveSession>;
}
