import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";

/** A failure in the shape of a protocol. */
export interface ShapedFailure {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it is known when the same request can succeed: whole seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** How a protocol says an error. */
export type FailureShape = (error: VoxpoolError, language: MessageLanguage) => ShapedFailure;

/** When the same request can succeed, where the error knows it. */
export function retryAfter({ details, entry }: VoxpoolError): Pick<ShapedFailure, "retryAfterSeconds"> {
  const seconds = details.retry_after_seconds;
  return typeof seconds === "number" && entry.retryable ? { retryAfterSeconds: Math.ceil(seconds) } : {};
}

/** Any thrown value as our error; what Fastify itself refuses becomes the reason of the catalogue that says it. */
export function voxpoolError(error: unknown): VoxpoolError {
  if (error instanceof VoxpoolError) return error;
  switch (codeOf(error)) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new VoxpoolError("request_invalid", { detail: "the Content-Type header is malformed" }, { cause: error });
    // QUERY, which no route takes, is refused for this before it is looked for one.
    case "FST_ERR_ROUTE_MISSING_CONTENT_TYPE":
      return new VoxpoolError("request_invalid", { detail: "its method needs a Content-Type header" });
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
