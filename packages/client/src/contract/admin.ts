import { type Static, Type } from "typebox";

const modelPath = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: "A model (`model/cn`), one version of it (`model/cn@2`) or an alias.",
  examples: ["model/cn"],
});

export const WarmupRequest = Type.Object({ model_path: modelPath }, { $id: "WarmupRequest" });
export type WarmupRequest = Static<typeof WarmupRequest>;

export const WarmupAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    model_path: Type.String(),
    warmup_seconds: Type.Number(),
    text: Type.String({ description: "What was heard in the recording that warmed it up." }),
  },
  { $id: "WarmupAnswer" },
);
export type WarmupAnswer = Static<typeof WarmupAnswer>;

export const ReloadRequest = Type.Object({ model_path: modelPath }, { $id: "ReloadRequest" });
export type ReloadRequest = Static<typeof ReloadRequest>;

export const ReloadAnswer = Type.Object(
  { success: Type.Literal(true), message: Type.String(), model_path: Type.String(), load_time: Type.Number() },
  { $id: "ReloadAnswer" },
);
export type ReloadAnswer = Static<typeof ReloadAnswer>;

export const PinRequest = Type.Object(
  {
    model_path: modelPath,
    pinned: Type.Optional(Type.Boolean({ description: "true if left out. A pinned model is never evicted." })),
  },
  { $id: "PinRequest" },
);
export type PinRequest = Static<typeof PinRequest>;

export const PinAnswer = Type.Object(
  { success: Type.Literal(true), message: Type.String(), model_path: Type.String(), pinned: Type.Boolean() },
  { $id: "PinAnswer" },
);
export type PinAnswer = Static<typeof PinAnswer>;

export const AliasRequest = Type.Object(
  {
    alias: Type.String({ minLength: 1, maxLength: 200, examples: ["dictation"] }),
    model_path: Type.Union([modelPath, Type.Null()], { description: "Where it points; null removes it." }),
  },
  { $id: "AliasRequest" },
);
export type AliasRequest = Static<typeof AliasRequest>;

export const AliasAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    alias: Type.String(),
    model_path: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: "AliasAnswer" },
);
export type AliasAnswer = Static<typeof AliasAnswer>;

export const AliasList = Type.Object(
  {
    success: Type.Literal(true),
    aliases: Type.Record(Type.String(), Type.String(), { description: "model_path by alias." }),
    count: Type.Integer(),
  },
  { $id: "AliasList" },
);
export type AliasList = Static<typeof AliasList>;

/** How long a new version is watched, with the old one warm beside it. */
export const ProbationRequest = Type.Object(
  {
    requests: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 604_800 })),
  },
  { $id: "ProbationRequest", description: "It ends when either is reached; 0 for both: none." },
);
export type ProbationRequest = Static<typeof ProbationRequest>;

export const SwitchRequest = Type.Object(
  {
    model_path: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "A model whose version is switched, or an alias that is moved.",
    }),
    version: Type.Optional(
      Type.String({ minLength: 1, maxLength: 20, description: "Of a model; the newest if left out.", examples: ["2"] }),
    ),
    to: Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description: "Where an alias is moved to." })),
    gate: Type.Optional(Type.Boolean({ description: "false leaves out the golden recordings." })),
    probation: Type.Optional(ProbationRequest),
  },
  { $id: "SwitchRequest" },
);
export type SwitchRequest = Static<typeof SwitchRequest>;

/** One golden recording and how the new version did. */
export const GateResult = Type.Object(
  {
    recording: Type.String(),
    expected: Type.String(),
    heard: Type.String(),
    word_error_rate: Type.Number(),
    limit_word_error_rate: Type.Number(),
    real_time_factor: Type.Number(),
    limit_real_time_factor: Type.Union([Type.Number(), Type.Null()]),
    passed: Type.Boolean(),
  },
  { $id: "GateResult" },
);
export type GateResult = Static<typeof GateResult>;

/** A new version under observation. */
export const Probation = Type.Object(
  {
    from: Type.String({ description: "model_path of the version that is kept warm." }),
    since: Type.Number(),
    until: Type.Union([Type.Number(), Type.Null()], { description: "Unix seconds." }),
    requests: Type.Integer({ description: "Served so far." }),
    limit_requests: Type.Union([Type.Integer(), Type.Null()]),
    errors: Type.Integer(),
  },
  { $id: "Probation" },
);
export type Probation = Static<typeof Probation>;

export const SwitchAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    model_path: Type.String(),
    from: Type.Union([Type.String(), Type.Null()], { description: "model_path@version that served before." }),
    to: Type.String({ description: "model_path@version that serves now." }),
    gate: Type.Array(GateResult),
    probation: Type.Union([Probation, Type.Null()]),
  },
  { $id: "SwitchAnswer" },
);
export type SwitchAnswer = Static<typeof SwitchAnswer>;
