import { STATUS_CODES } from "node:http";
import type { Failure, HealthFailure, RouteFailure } from "@voxpool/client/contract";
import { type MessageLanguage, type Reason, VoxpoolError } from "../../base/errors.ts";

/** A failed call as the native API answers it. */
export interface NativeFailure {
  readonly status: number;
  readonly body: Failure | RouteFailure | HealthFailure;
  /** Where it is known when the same request can succeed: whole seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

export interface FailureContext {
  readonly language: MessageLanguage;
  /** The model that the request named; the error's own `model_path` goes before it. */
  readonly modelPath?: string;
  /** The status of a reason, where a call answers otherwise than the catalogue says. */
  readonly statusOf?: (reason: Reason) => number;
}

/** The one place that turns an error into the native failure. */
export function nativeFailure(error: VoxpoolError, context: FailureContext): NativeFailure {
  const { entry, details, reason } = error;
  const retryAfter = details.retry_after_seconds;
  return {
    status: context.statusOf?.(reason) ?? entry.status,
    body: failureBody(error, context),
    ...(typeof retryAfter === "number" && entry.retryable && { retryAfterSeconds: Math.ceil(retryAfter) }),
  };
}

/** What a failed call says, wherever it stands. */
export function failureBody(error: VoxpoolError, { language, modelPath: named }: FailureContext): Failure {
  const { entry, details, reason } = error;
  const modelPath = details.model_path ?? named;
  const said = { ...error.detailsIn(language), ...error.forCaller };
  return {
    success: false,
    message: error.messageIn(language),
    reason,
    retryable: entry.retryable,
    ...(typeof modelPath === "string" && { model_path: modelPath }),
    ...(reason !== "internal" && Object.keys(said).length > 0 && { details: said }),
  };
}

/** What unknown routes and wrong methods answer: here alone `code` exists, and is a number. */
export function routeFailure(error: VoxpoolError, language: MessageLanguage): NativeFailure {
  const { entry, reason } = error;
  const { status } = entry;
  return {
    status,
    body: {
      success: false,
      error: STATUS_CODES[status] ?? "Error",
      code: status,
      message: error.messageIn(language),
      reason,
      retryable: entry.retryable,
    },
  };
}

/** A failed health check: `status` says `error`, beside what every failure says. */
export function healthFailure(error: VoxpoolError, language: MessageLanguage): NativeFailure {
  const { entry, reason } = error;
  return {
    status: entry.status,
    body: {
      success: false,
      status: "error",
      message: error.messageIn(language),
      reason,
      retryable: entry.retryable,
    },
  };
}

/** Any thrown value as our error; what Fastify itself refuses becomes the reason of the catalogue that says it. */
export function voxpoolError(error: unknown): VoxpoolError {
  if (error instanceof VoxpoolError) return error;
  switch (codeOf(error)) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new VoxpoolError("request_invalid", { detail: "the Content-Type header is malformed" }, { cause: error });
    case "FST_ERR_BAD_URL":
      return new VoxpoolError("request_invalid", { detail: "the path is not valid percent-encoding" });
    case "ECONNRESET":
    case "ERR_STREAM_PREMATURE_CLOSE":
    case "ABORT_ERR":
      return new VoxpoolError("request_cancelled", {}, { cause: error });
    default:
      // The files of /docs, which refuse a path that leads out of them.
      if (isForbidden(error)) return new VoxpoolError("route_not_found", { method: "GET", path: "/docs/…" });
      return VoxpoolError.from(error);
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 403;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
