import type { Reason } from "./contract/catalogue.ts";
import type { Failure } from "./contract/failure.ts";
import type { ServedBy, TransportAnswer } from "./transport.ts";

interface FailureFields {
  readonly success: false;
  /** HTTP status of the answer; 0 if there was none: network, timeout, abort, audio that could not be read. */
  readonly error_code: number;
  /** What went wrong and what to do, for people. */
  readonly error_message: string;
  /** The same as `error_message`, under the name it has on the wire. */
  readonly message: string;
  /** A name of the error catalogue, or one that a newer server knows: treat that as `internal`. */
  readonly reason: Reason | (string & {});
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean;
  /** Seconds that the server asked to wait (`Retry-After`). */
  readonly retry_after_seconds?: number;
  /** Who answered so, if the client has a fallback. */
  readonly answered_by?: ServedBy;
}

/** A call that failed: what the client says of it, and beside it whatever the server's answer said. */
export type CallFailure<Body extends object = Failure> = FailureFields & Partial<Omit<Body, keyof FailureFields>>;

/** A result, and if the client has a fallback who gave it. */
export type Served<T> = T & { readonly answered_by?: ServedBy };

/** The field of a result that says who gave it; none if there is no choice. */
export function servedBy({ servedBy: by }: Pick<TransportAnswer, "servedBy">): { readonly answered_by?: ServedBy } {
  return by === undefined ? {} : { answered_by: by };
}

/** The catalogue's text for what the client finds out by itself; a test holds the two together. */
export const ownFailures = {
  server_unreachable: {
    retryable: true,
    text: "No voxpool server answers at {url}: {detail}. Start one with: voxpool serve.",
  },
  connection_lost: {
    retryable: true,
    text: "The connection to {url} was lost before the answer was complete: {detail}.",
  },
  certificate_untrusted: { retryable: false, text: "{url} cannot be trusted: {detail}. Nothing was sent." },
  answer_invalid: { retryable: false, text: "{url} gave an answer that is not voxpool's: {detail}." },
  audio_unreadable: { retryable: false, text: "The audio could not be read: {detail}." },
  request_timeout: { retryable: true, text: "No answer within {timeout_ms} ms." },
  request_cancelled: { retryable: false, text: "The request was cancelled." },
} as const satisfies Partial<Record<Reason, { retryable: boolean; text: string }>>;

/** A failure that the client found out by itself. */
export function ownFailure(
  reason: keyof typeof ownFailures,
  details: Readonly<Record<string, string | number>> = {},
  status = 0,
): CallFailure {
  const { text, retryable } = ownFailures[reason];
  const message = text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ""));
  return {
    success: false,
    error_code: status,
    error_message: message,
    message,
    reason,
    retryable: retryable || isPassing(status),
  };
}

/** A failure as the server put it; `fields` is its JSON object, in which nothing is taken for granted. */
export function wireFailure(status: number, fields: Readonly<Record<string, unknown>>): CallFailure {
  const { message, reason, retryable } = fields;
  const text = typeof message === "string" && message !== "" ? message : `HTTP ${status}`;
  return {
    ...fields,
    success: false,
    error_code: status,
    error_message: text,
    message: text,
    // A server of the older kind gives none.
    reason: typeof reason === "string" ? reason : status >= 500 ? "internal" : "request_invalid",
    retryable: typeof retryable === "boolean" ? retryable : isPassing(status),
  };
}

/** Statuses that say "not now". */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 502 && status <= 504);
}
