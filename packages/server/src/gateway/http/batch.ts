import {
  BatchAnswer,
  BatchEvent,
  BatchOperation,
  BatchRequest,
  type Failure,
  mostBatchOperations,
} from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Api } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { Failures } from "../answer.ts";
import { callerOf, goneSignal } from "../caller.ts";
import { untilAborted } from "../events.ts";
import { firstErrors } from "../first-errors.ts";
import type { UploadLimits } from "../upload.ts";
import { failureBody } from "./failure.ts";
import { acceptJsonBodies, bodyError } from "./json-body.ts";
import { failures as failureAnswers, json, jsonBodyReasons, type Operation } from "./operation.ts";
import { streamAnswer } from "./stream-answer.ts";

export interface BatchRoutesOptions {
  readonly api: Api;
  readonly failures: Failures;
  readonly limits: UploadLimits;
  readonly heartbeatMs: number;
}

/** The body without its operations: those are checked one by one, each by its own schema. */
const AnyOperations = Type.Object({
  ...BatchRequest.properties,
  operations: Type.Array(Type.Object({ operation: Type.String({ maxLength: 100 }) }), {
    minItems: 1,
    maxItems: mostBatchOperations,
  }),
});

/** `POST /api/models/batch`. */
export async function batchRoutes(fastify: FastifyInstance, options: BatchRoutesOptions): Promise<void> {
  acceptJsonBodies(fastify, options.limits);
  fastify.post<{ Body: BatchRequest }>(
    "/api/models/batch",
    { schema: { body: AnyOperations }, config: { operation: batch, scope: "models" } },
    (request, reply) => answerBatch(request, reply, options),
  );
}

async function answerBatch(
  request: FastifyRequest<{ Body: BatchRequest }>,
  reply: FastifyReply,
  { api, failures, limits, heartbeatMs }: BatchRoutesOptions,
): Promise<FastifyReply> {
  const { body } = request;
  for (const [index, operation] of body.operations.entries()) check(operation, index);
  const gone = goneSignal(reply);
  const explain = (thrown: unknown, operation: BatchOperation): Failure => {
    const { error, language } = failures.explain(request, thrown);
    return failureBody(error, { language, ...("model_path" in operation && named(operation.model_path)) });
  };
  const events = untilAborted(api.runBatch(body, callerOf(request, gone, body.client_id), explain), gone);
  if (body.stream === true) {
    return streamAnswer(request, reply, events, { failures, heartbeatMs, stallMs: limits.idleSeconds * 1000, gone });
  }
  for await (const event of events) if (event.type === "done") return reply.send(event.answer);
  throw new Error("the batch ended without an answer");
}

const named = (modelPath: string | null) => (modelPath === null ? {} : { modelPath });

const checks = new Map(
  BatchOperation.anyOf.map((schema) => [schema.properties.operation.const as string, Compile(schema)] as const),
);

function check(operation: BatchOperation, index: number): void {
  const compiled = checks.get(operation.operation);
  const option = `operations.${index}`;
  if (!compiled) {
    const detail = `there is no such operation; there are ${[...checks.keys()].join(", ")}`;
    throw new VoxpoolError("option_invalid", { option: `${option}.operation`, detail });
  }
  if (!compiled.Check(operation)) throw bodyError(operation, firstErrors(compiled, operation), [option]);
}

const batch: Operation = {
  summary: "Several operations in one call",
  description:
    "load, unload, reload, warmup, pin, switch and alias, each with the fields of its own route; one result for each, in " +
    "the order of the request. The status is 200 also if some of them failed: `success` tells, and each result says what " +
    "became of it. A failed status means that nothing was begun. When the caller leaves, what has begun is finished and " +
    "nothing more is begun. With `stream` the answer is server-sent events, each `event: <type>` and `data: <a " +
    "BatchEvent as JSON>`.",
  tag: "models",
  strict: true,
  body: json(BatchRequest),
  responses: {
    200: {
      description: "What became of each.",
      content: { "application/json": BatchAnswer, "text/event-stream": BatchEvent },
    },
    ...failureAnswers([...jsonBodyReasons, "option_unknown"]),
  },
};
