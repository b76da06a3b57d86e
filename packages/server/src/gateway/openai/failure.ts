import type { MessageLanguage, Reason, VoxpoolError } from "../../base/errors.ts";
import { type FailureShape, retryAfter } from "../shaped-failure.ts";

/** What OpenAI calls an error. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The field that is wrong, where it is one. */
  readonly param: string | null;
  readonly code: string;
}

/**
 * A failed call as the SDKs of OpenAI read it. They send 408, 409, 429 and 5xx twice more, upload and all, unless they
 * are told that it is of no use.
 */
export const openAiFailure: FailureShape = (error, language) => ({
  status: error.entry.status,
  body: { error: openAiError(error, language) },
  ...(!error.entry.retryable && { headers: { "x-should-retry": "false" } }),
  ...retryAfter(error),
});

/** The same wherever it stands: in an answer, in a stream, in a realtime session. */
export function openAiError(error: VoxpoolError, language: MessageLanguage): OpenAiError {
  const { reason } = error;
  return {
    message: error.messageIn(language),
    type: typeOf(error.entry.status),
    param: paramOf(error),
    code: codes[reason] ?? reason,
  };
}

/** Codes that clients compare with. */
const codes: Readonly<Partial<Record<Reason, string>>> = {
  model_name_unknown: "model_not_found",
  live_commit_empty: "input_audio_buffer_commit_empty",
};

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function paramOf({ reason, details }: VoxpoolError): string | null {
  if (typeof details.option === "string") return details.option;
  if (reason.startsWith("audio_")) return "file";
  if (/^(no_model|model_)/.test(reason)) return "model";
  return reason.startsWith("language_") ? "language" : null;
}
