import { type Static, Type } from "typebox";

/** The name that a client gives itself; what it holds belongs to it, wherever it calls from. */
export const ClientId = Type.String({
  minLength: 1,
  maxLength: 200,
  description: "The name of the client. Without one, holds are counted by remote address.",
  examples: ["dictation-7"],
});

/** A hold lapses after so long unless it is renewed. */
export const LeaseMs = Type.Integer({
  minimum: 1000,
  maximum: 2_592_000_000,
  description: "The hold lapses after so many milliseconds unless it is renewed. Without it, it does not lapse.",
});

/** How long an idle model stays: seconds, text with a unit, or a negative number for ever. */
export const KeepAlive = Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: 20 })], {
  $id: "KeepAlive",
  description:
    'How long the model stays loaded when nobody holds or uses it: seconds, or text like `"10m"`, `"1h30m"`; 0: not at ' +
    "all; negative: for ever. Of several wishes the longest wins.",
  examples: ["10m", 600, 0, -1],
});
export type KeepAlive = Static<typeof KeepAlive>;

/** A claim that keeps a model loaded. */
export const Hold = Type.Object(
  {
    client: Type.String({ description: "The client id, or the address of clients without one." }),
    kind: Type.Union([Type.Literal("client"), Type.Literal("address")], {
      description: "`address`: counted, since its owner gave no client id.",
    }),
    count: Type.Integer({ description: "Loads that were not given back; always 1 for a client." }),
    since: Type.Number({ description: "Unix seconds." }),
    until: Type.Union([Type.Number(), Type.Null()], {
      description: "When it lapses, Unix seconds; null: not by itself.",
    }),
  },
  { $id: "Hold" },
);
export type Hold = Static<typeof Hold>;

export const RenewRequest = Type.Object(
  {
    client_id: ClientId,
    model_path: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4096, description: "Renews this hold; left out: all of the client." }),
    ),
    lease_ms: Type.Optional(LeaseMs),
  },
  { $id: "RenewRequest" },
);
export type RenewRequest = Static<typeof RenewRequest>;

export const RenewAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    renewed: Type.Array(Type.Object({ model_path: Type.String(), until: Type.Union([Type.Number(), Type.Null()]) })),
  },
  { $id: "RenewAnswer" },
);
export type RenewAnswer = Static<typeof RenewAnswer>;
