import { type Static, Type } from "typebox";

/** A failed call. `reason` is a name of the error catalogue; `code` is a number, and only there on unknown routes. */
export const Failure = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String({ description: "What went wrong and what to do, for people." }),
    reason: Type.String({ description: "A name of the error catalogue." }),
    retryable: Type.Boolean({ description: "Whether the same request can succeed later." }),
    model_path: Type.Optional(Type.String()),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: "Failure" },
);
export type Failure = Static<typeof Failure>;

/** What unknown routes and wrong methods answer; `code` is the HTTP status as a number. */
export const RouteFailure = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.String({ description: "The HTTP reason phrase." }),
    code: Type.Integer(),
    message: Type.String(),
    reason: Type.String(),
    retryable: Type.Boolean(),
  },
  { $id: "RouteFailure" },
);
export type RouteFailure = Static<typeof RouteFailure>;
