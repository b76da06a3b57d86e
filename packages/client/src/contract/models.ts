import { type Static, Type } from "typebox";
import { Probation } from "./admin.ts";
import { ClientId, Hold, KeepAlive, LeaseMs } from "./holds.ts";

export const InstanceState = Type.Union(
  [
    Type.Literal("loading"),
    Type.Literal("warming"),
    Type.Literal("ready"),
    Type.Literal("draining"),
    Type.Literal("stopped"),
    Type.Literal("failed"),
    Type.Literal("restarting"),
  ],
  { $id: "InstanceState" },
);
export type InstanceState = Static<typeof InstanceState>;

const seedFields = {
  loaded_at: Type.Number({ description: "When the model became usable, Unix seconds." }),
  load_time: Type.Number({ description: "How long loading took, seconds." }),
  usage_count: Type.Integer({ description: "Recognitions served by this instance." }),
};

/** A loaded model as `GET /api/models` shows it. The first three fields are the seed service's own. */
export const ModelEntry = Type.Object(
  {
    ...seedFields,
    state: InstanceState,
    version: Type.String(),
    engine: Type.String(),
    family: Type.String(),
    languages: Type.Array(Type.String()),
    memory_bytes: Type.Integer({ description: "Resident memory of the model's process." }),
    pid: Type.Integer(),
    files_changed: Type.Optional(
      Type.Boolean({
        description: "Its files changed or vanished; it serves on as it was loaded, until it is unloaded.",
      }),
    ),
    holds: Type.Array(Hold, { description: "Who keeps it loaded." }),
    sessions: Type.Integer({ description: "Recognitions that use it now." }),
    pinned: Type.Boolean(),
    expires_at: Type.Union([Type.Number(), Type.Null()], {
      description:
        "When it is unloaded if nobody uses it before, Unix seconds; null while it is held, used, pinned, or kept for ever.",
    }),
    aliases: Type.Array(Type.String()),
    restarts: Type.Integer({ description: "How often its process ended and was started again." }),
    probation: Type.Optional(Probation),
  },
  { $id: "ModelEntry" },
);
export type ModelEntry = Static<typeof ModelEntry>;

export const Health = Type.Object(
  {
    success: Type.Literal(true),
    status: Type.Literal("running"),
    loaded_models_count: Type.Integer(),
    version: Type.String(),
  },
  { $id: "Health" },
);
export type Health = Static<typeof Health>;

export const HealthFailure = Type.Object(
  {
    success: Type.Literal(false),
    status: Type.Literal("error"),
    message: Type.String(),
    reason: Type.String(),
    retryable: Type.Boolean(),
  },
  { $id: "HealthFailure" },
);
export type HealthFailure = Static<typeof HealthFailure>;

export const ModelList = Type.Object(
  {
    success: Type.Literal(true),
    models: Type.Record(Type.String(), ModelEntry, { description: "By model_path." }),
    count: Type.Integer(),
  },
  { $id: "ModelList" },
);
export type ModelList = Static<typeof ModelList>;

export const ModelStatus = Type.Object(
  {
    success: Type.Literal(true),
    status: Type.Object({ loaded: Type.Literal(true), ...ModelEntry.properties }),
    model_path: Type.String(),
  },
  { $id: "ModelStatus" },
);
export type ModelStatus = Static<typeof ModelStatus>;

/** A model that is not loaded. `state` is there while a load is in progress or after one failed. */
export const ModelStatusFailure = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String(),
    reason: Type.String(),
    retryable: Type.Boolean(),
    model_path: Type.String(),
    state: Type.Optional(InstanceState),
    last_error: Type.Optional(Type.Object({ reason: Type.String(), message: Type.String(), at: Type.Number() })),
    quarantine: Type.Optional(
      Type.Object(
        {
          reason: Type.String(),
          message: Type.String(),
          failures: Type.Integer({ description: "In a row." }),
          until: Type.Number({ description: "It is not tried again before, unless its files change; Unix seconds." }),
        },
        { $id: "Quarantine" },
      ),
    ),
  },
  { $id: "ModelStatusFailure" },
);
export type ModelStatusFailure = Static<typeof ModelStatusFailure>;

const modelPath = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: "Path of a model, for example `model/cn`.",
  examples: ["model/cn"],
});

export const LoadRequest = Type.Object(
  {
    model_path: modelPath,
    client_id: Type.Optional(ClientId),
    lease_ms: Type.Optional(LeaseMs),
    keep_alive: Type.Optional(KeepAlive),
    pin: Type.Optional(Type.Boolean({ description: "Pins it once it is loaded: it is then never evicted." })),
  },
  { $id: "LoadRequest" },
);
export type LoadRequest = Static<typeof LoadRequest>;

export const LoadAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    model_path: Type.String(),
    version: Type.String(),
    holds: Type.Array(Hold),
    expires_at: Type.Union([Type.Number(), Type.Null()]),
  },
  { $id: "LoadAnswer" },
);
export type LoadAnswer = Static<typeof LoadAnswer>;

export const UnloadRequest = Type.Object(
  {
    model_path: modelPath,
    client_id: Type.Optional(ClientId),
    force: Type.Optional(
      Type.Boolean({ description: "Takes it from everybody, and its pin; work in progress is still finished first." }),
    ),
  },
  { $id: "UnloadRequest" },
);
export type UnloadRequest = Static<typeof UnloadRequest>;

export const UnloadAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    model_path: Type.String(),
    unloaded: Type.Boolean({ description: "false: the hold was given back, and others keep the model." }),
    holds: Type.Array(Hold, { description: "Who still holds it." }),
  },
  { $id: "UnloadAnswer" },
);
export type UnloadAnswer = Static<typeof UnloadAnswer>;

/** A model on disk, loaded or not. */
export const AvailableModel = Type.Object(
  {
    id: Type.String(),
    engine: Type.Optional(Type.String()),
    family: Type.Optional(Type.String()),
    languages: Type.Array(Type.String()),
    versions: Type.Array(Type.String()),
    size_bytes: Type.Integer(),
    loaded: Type.Boolean(),
    problem: Type.Optional(Type.String({ description: "Why it cannot be loaded, if that is known." })),
  },
  { $id: "AvailableModel" },
);
export type AvailableModel = Static<typeof AvailableModel>;

export const AvailableModels = Type.Object(
  {
    success: Type.Literal(true),
    models: Type.Record(Type.String(), AvailableModel, { description: "By model_path." }),
    count: Type.Integer(),
  },
  { $id: "AvailableModels" },
);
export type AvailableModels = Static<typeof AvailableModels>;
