import { STATUS_CODES } from "node:http";
import type { Failure, HealthFailure, RouteFailure } from "@voxpool/client/contract";
import type { MessageLanguage, Reason, VoxpoolError } from "../../base/errors.ts";
import { retryAfter, type ShapedFailure } from "../shaped-failure.ts";

/** A failed call as the native API answers it. */
export interface NativeFailure extends ShapedFailure {
  readonly body: Failure | RouteFailure | HealthFailure;
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
  const { entry, reason } = error;
  const status = context.statusOf?.(reason) ?? entry.status;
  return { status, body: failureBody(error, context), ...retryAfter(error) };
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
