import { type Static, Type } from "typebox";

/**
 * A change in the pool, as `GET /api/events` tells it. `id` is `epoch:number`: sent back as `Last-Event-ID` it resumes
 * behind that event, also across a restart of the server. Clients ignore types and fields that they do not know.
 */
export const PoolEvent = Type.Object(
  {
    id: Type.String(),
    type: Type.String({
      description:
        "`model.state`, `model.unloading` (`details.cause` says why), `model.evicted`, `model.recycled`, " +
        "`model.restarted`, `model.switched`, `model.rolled_back`, `model.confirmed`, `model.quarantined`, " +
        "`model.released`, `hold.added`, `hold.returned`, `hold.lapsed`, `hold.dropped`, `pin.changed`, " +
        "`alias.changed`, `request.failed_over`, `request.replayed`, `request.poisonous`; `gap` when events before it " +
        "are no longer kept.",
    }),
    at: Type.Number({ description: "Unix seconds." }),
    model_path: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    previous_state: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ description: "A name of the error catalogue." })),
    message: Type.Optional(Type.String()),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: "PoolEvent" },
);
export type PoolEvent = Static<typeof PoolEvent>;
