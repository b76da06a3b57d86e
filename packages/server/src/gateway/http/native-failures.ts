import type { FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../../base/log.ts";
import { createFailures, type Failures } from "../answer.ts";
import { type FailureContext, nativeFailure } from "./failure.ts";

/** Answers of the native API to what was thrown. */
export interface NativeFailures extends Failures {
  send(request: FastifyRequest, reply: FastifyReply, thrown: unknown, context?: Omit<FailureContext, "language">): void;
}

export function createNativeFailures(log: Log): NativeFailures {
  const failures = createFailures(log);
  return {
    ...failures,
    send(request, reply, thrown, context = {}) {
      failures.sendShaped(request, reply, thrown, (error, language) => nativeFailure(error, { ...context, language }));
    },
  };
}
