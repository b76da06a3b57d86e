import { type Static, Type } from "typebox";
import { AliasRequest, PinRequest, ReloadRequest, SwitchRequest, WarmupRequest } from "./admin.ts";
import { Failure } from "./failure.ts";
import { LoadRequest, UnloadRequest } from "./models.ts";

/** One step: the name of the operation beside the fields of its own request. */
export const BatchOperation = Type.Union(
  [
    Type.Object({ operation: Type.Literal("load"), ...LoadRequest.properties }),
    Type.Object({ operation: Type.Literal("unload"), ...UnloadRequest.properties }),
    Type.Object({ operation: Type.Literal("reload"), ...ReloadRequest.properties }),
    Type.Object({ operation: Type.Literal("warmup"), ...WarmupRequest.properties }),
    Type.Object({ operation: Type.Literal("pin"), ...PinRequest.properties }),
    Type.Object({ operation: Type.Literal("switch"), ...SwitchRequest.properties }),
    Type.Object({ operation: Type.Literal("alias"), ...AliasRequest.properties }),
  ],
  { $id: "BatchOperation" },
);
export type BatchOperation = Static<typeof BatchOperation>;

export const mostBatchOperations = 1000;

export const BatchRequest = Type.Object(
  {
    operations: Type.Array(BatchOperation, { minItems: 1, maxItems: mostBatchOperations }),
    order: Type.Optional(
      Type.Union([Type.Literal("sequence"), Type.Literal("parallel")], {
        description: "`sequence` (default): one after the other. `parallel`: several at once.",
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 64, description: "With `parallel`; 4 by default." }),
    ),
    on_error: Type.Optional(
      Type.Union([Type.Literal("stop"), Type.Literal("continue")], {
        description: "`stop` (default) begins nothing more after the first error; what has begun is finished.",
      }),
    ),
    client_id: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    stream: Type.Optional(Type.Boolean({ description: "Answer with server-sent events, one a result." })),
  },
  { $id: "BatchRequest" },
);
export type BatchRequest = Static<typeof BatchRequest>;

/** The result of one step, with all fields of its own answer or failure. */
export const BatchResult = Type.Object(
  {
    index: Type.Integer({ description: "Counts from 0, in the order of the request." }),
    operation: Type.String(),
    status: Type.Union([Type.Literal("done"), Type.Literal("failed"), Type.Literal("skipped")]),
    answer: Type.Optional(Type.Unknown({ description: "The answer of the operation's own route." })),
    failure: Type.Optional(Failure),
  },
  { $id: "BatchResult" },
);
export type BatchResult = Static<typeof BatchResult>;

export const BatchAnswer = Type.Object(
  {
    success: Type.Boolean({ description: "Whether all were done." }),
    message: Type.String(),
    results: Type.Array(BatchResult, { description: "In the order of the request." }),
    done: Type.Integer(),
    failed: Type.Integer(),
    skipped: Type.Integer(),
  },
  { $id: "BatchAnswer" },
);
export type BatchAnswer = Static<typeof BatchAnswer>;

/** One event of a streamed answer: the SSE event name is `type`. */
export const BatchEvent = Type.Union(
  [
    Type.Object({ type: Type.Literal("started"), index: Type.Integer(), operation: Type.String() }),
    Type.Object({ type: Type.Literal("result"), result: BatchResult }),
    Type.Object({ type: Type.Literal("done"), answer: BatchAnswer }),
  ],
  { $id: "BatchEvent" },
);
export type BatchEvent = Static<typeof BatchEvent>;
