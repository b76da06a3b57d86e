// What both entries export; each adds its own ModelAPIClient and httpTransport.
export type { AudioSource } from "./audio.ts";
export type { Backup } from "./backup.ts";
export type { BatchingEvent, BatchOptions, BatchOutcome } from "./batch.ts";
export type { CallOptions } from "./call.ts";
export type {
  AliasAnswer,
  AliasList,
  GateResult,
  PinAnswer,
  Probation,
  ProbationRequest,
  ReloadAnswer,
  SwitchAnswer,
  WarmupAnswer,
} from "./contract/admin.ts";
export type { BatchAnswer, BatchOperation, BatchResult } from "./contract/batch.ts";
export type { Catalog, CatalogDetails, CatalogEntry, CatalogQuery, PullAnswer } from "./contract/catalog.ts";
export type { Reason } from "./contract/catalogue.ts";
export type { PoolEvent } from "./contract/events.ts";
export type { Failure } from "./contract/failure.ts";
export type { Hold, KeepAlive, RenewAnswer } from "./contract/holds.ts";
export type {
  KeyCreateRequest,
  KeyInfo,
  KeyList,
  KeyRevokeAnswer,
  KeyScope,
  KeySecretAnswer,
} from "./contract/keys.ts";
export type { Alternative, Endpointing, LiveEncoding, LiveEvent, LiveOptions } from "./contract/live.ts";
export type { ConfigReloadAnswer } from "./contract/maintenance.ts";
export type {
  AvailableModel,
  AvailableModels,
  Health,
  HealthFailure,
  InstanceState,
  LoadAnswer,
  ModelEntry,
  ModelList,
  ModelStatus,
  ModelStatusFailure,
  UnloadAnswer,
} from "./contract/models.ts";
export type { ModelStats, ModelStatsAnswer, Quantiles, Stats, StatsWindow } from "./contract/stats.ts";
export type { Channels, ResponseFormat, Segment, Transcript, Vad, Warning, Word } from "./contract/transcribe.ts";
export type { BatchProgress, DoneEvent, ErrorEvent, PullProgress, RunningEvent, TranscriptionEvent } from "./events.ts";
export type { CallFailure, Served } from "./failure.ts";
export type { FallbackOptions, OpenFallback, ServedByChange } from "./fallback.ts";
export { defaultBaseUrl, type HttpOptions, type HttpTransport, type WebSocketMaker } from "./http.ts";
export type { AudioStream, Finalized, LiveSession, SessionOptions, SessionSummary } from "./live.ts";
export type { SessionEvent } from "./live-events.ts";
export type { LiveAudio } from "./live-samples.ts";
export type { ClientOptions, LoadOptions, SwitchOptions, UnloadOptions } from "./options.ts";
export type { EventsOptions } from "./pool-events.ts";
export type { PullOptions } from "./pull.ts";
export type { RetryPolicy } from "./retry.ts";
export type { RecognitionOptions, TextFormat, TextOptions, TranscriptOptions, TranscriptText } from "./transcribe.ts";
export {
  type LiveSocket,
  type ServedBy,
  SocketRefused,
  type SocketRequest,
  type Transport,
  type TransportAnswer,
  type TransportBody,
  TransportError,
  type TransportRequest,
} from "./transport.ts";
export type { WebSocketLike } from "./web-socket.ts";
