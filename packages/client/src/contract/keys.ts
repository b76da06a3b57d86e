import { type Static, Type } from "typebox";

/** What a key may do; `admin` includes all others. */
export const KeyScope = Type.Union(
  [Type.Literal("recognize"), Type.Literal("read"), Type.Literal("models"), Type.Literal("admin")],
  {
    $id: "KeyScope",
    description:
      "`recognize`: recognise speech. `read`: see models, statistics and events. `models`: load, unload and change " +
      "models. `admin`: everything, also pulls and keys.",
  },
);
export type KeyScope = Static<typeof KeyScope>;

const keyName = Type.String({
  minLength: 1,
  maxLength: 64,
  description: "Letters, digits, dots, dashes and underscores.",
  examples: ["dictation"],
});
const scopes = Type.Array(KeyScope, { minItems: 1, maxItems: 4, uniqueItems: true });
const models = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
  maxItems: 50,
  description: "Patterns of model ids or paths that it sees: `cn`, `en/*`. Empty: all.",
  examples: [["cn", "en/*"]],
});
const oneKey = Type.String({ minLength: 1, maxLength: 64, description: "The id or the name of a key." });

/** A key without its secret. */
export const KeyInfo = Type.Object(
  {
    id: Type.String(),
    name: keyName,
    scopes,
    models,
    state: Type.Union([Type.Literal("active"), Type.Literal("expired"), Type.Literal("revoked")]),
    created_at: Type.Number({ description: "Unix seconds." }),
    expires_at: Type.Union([Type.Number(), Type.Null()], { description: "Unix seconds." }),
    last_used_at: Type.Union([Type.Number(), Type.Null()], { description: "Unix seconds, to about a minute." }),
    revoked_at: Type.Union([Type.Number(), Type.Null()], { description: "Unix seconds." }),
    old_secret_until: Type.Union([Type.Number(), Type.Null()], {
      description: "Unix seconds until which the secret from before a rotation is taken as well.",
    }),
  },
  { $id: "KeyInfo" },
);
export type KeyInfo = Static<typeof KeyInfo>;

export const KeyList = Type.Object(
  { success: Type.Literal(true), keys: Type.Array(KeyInfo), count: Type.Integer() },
  { $id: "KeyList" },
);
export type KeyList = Static<typeof KeyList>;

const longestSeconds = 10 * 365 * 24 * 60 * 60;

export const KeyCreateRequest = Type.Object(
  {
    name: keyName,
    scopes: Type.Optional(scopes),
    models: Type.Optional(models),
    expires_in_seconds: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: longestSeconds, description: "Left out: it does not expire." }),
    ),
  },
  { $id: "KeyCreateRequest" },
);
export type KeyCreateRequest = Static<typeof KeyCreateRequest>;

export const KeyRotateRequest = Type.Object(
  {
    key: oneKey,
    overlap_seconds: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: longestSeconds,
        description: "How long the old secret is taken as well; 0 if left out.",
      }),
    ),
  },
  { $id: "KeyRotateRequest" },
);
export type KeyRotateRequest = Static<typeof KeyRotateRequest>;

/** The only time that the secret is told. */
export const KeySecretAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    key: KeyInfo,
    secret: Type.String({ description: "What clients send. It is shown this once, and kept nowhere." }),
  },
  { $id: "KeySecretAnswer" },
);
export type KeySecretAnswer = Static<typeof KeySecretAnswer>;

export const KeyRevokeRequest = Type.Object({ key: oneKey }, { $id: "KeyRevokeRequest" });
export type KeyRevokeRequest = Static<typeof KeyRevokeRequest>;

export const KeyRevokeAnswer = Type.Object(
  { success: Type.Literal(true), message: Type.String(), key: KeyInfo },
  { $id: "KeyRevokeAnswer" },
);
export type KeyRevokeAnswer = Static<typeof KeyRevokeAnswer>;

export const TicketAnswer = Type.Object(
  {
    success: Type.Literal(true),
    ticket: Type.String({ description: "Stands once for the key that asked, as the query parameter `ticket`." }),
    expires_in_seconds: Type.Number(),
  },
  { $id: "TicketAnswer" },
);
export type TicketAnswer = Static<typeof TicketAnswer>;
