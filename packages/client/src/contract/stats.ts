import { type Static, Type } from "typebox";

/** A distribution of durations, seconds. */
export const Quantiles = Type.Object(
  {
    count: Type.Integer(),
    mean: Type.Number(),
    p50: Type.Number(),
    p95: Type.Number(),
    p99: Type.Number(),
    max: Type.Number(),
  },
  { $id: "Quantiles", description: "Seconds. Of nothing: all 0." },
);
export type Quantiles = Static<typeof Quantiles>;

/** What happened in a stretch of time. */
export const StatsWindow = Type.Object(
  {
    requests: Type.Integer({ description: "Recognitions that ended, well or not." }),
    errors: Type.Integer(),
    audio_seconds: Type.Number(),
    real_time_factor: Type.Number({ description: "Decode seconds per second of audio; 0 of nothing." }),
    queue_seconds: Quantiles,
    decode_seconds: Quantiles,
    total_seconds: Quantiles,
  },
  { $id: "StatsWindow" },
);
export type StatsWindow = Static<typeof StatsWindow>;

/** The statistics of a model version, or of all together. */
export const ModelStats = Type.Object(
  {
    model_path: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    last_minute: StatsWindow,
    last_5_minutes: StatsWindow,
    last_hour: StatsWindow,
    life: StatsWindow,
    errors_by_reason: Type.Record(Type.String(), Type.Integer()),
    memory_bytes: Type.Integer(),
    peak_memory_bytes: Type.Integer(),
    cpu_seconds: Type.Number(),
    loads: Type.Integer(),
    load_failures: Type.Integer(),
    restarts: Type.Integer(),
    recycles: Type.Integer(),
    evictions: Type.Integer(),
    failovers: Type.Integer({ description: "Requests for this model that another one served." }),
    replays: Type.Integer(),
    switches: Type.Integer(),
    rollbacks: Type.Integer(),
    holds: Type.Integer(),
    sessions: Type.Integer(),
    last_recognition_at: Type.Optional(
      Type.Number({ description: "When the last recognition that succeeded ended, Unix seconds." }),
    ),
    since: Type.Number({ description: "When counting began, Unix seconds." }),
  },
  { $id: "ModelStats" },
);
export type ModelStats = Static<typeof ModelStats>;

export const Stats = Type.Object(
  {
    success: Type.Literal(true),
    total: ModelStats,
    models: Type.Record(Type.String(), ModelStats, {
      description: "By model_path, the version always written: `model/cn@1`.",
    }),
    queue: Type.Object({
      running: Type.Integer(),
      waiting: Type.Integer(),
      waiting_audio_seconds: Type.Number(),
      sessions: Type.Integer(),
    }),
    uptime_seconds: Type.Number(),
  },
  { $id: "Stats" },
);
export type Stats = Static<typeof Stats>;

export const ModelStatsAnswer = Type.Object(
  { success: Type.Literal(true), model_path: Type.String(), stats: ModelStats },
  { $id: "ModelStatsAnswer" },
);
export type ModelStatsAnswer = Static<typeof ModelStatsAnswer>;
