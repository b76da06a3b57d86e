import type { VoxpoolError } from "../../base/errors.ts";

/**
 * The code with which a connection is closed for an error (RFC 6455, 7.4.1): 1008 for what the client did, 1013 where
 * it may succeed later, 1001 when the server stops, 1011 for what went wrong here.
 */
export function closeCode({ reason, entry: { status, retryable } }: VoxpoolError): number {
  if (reason === "server_stopping") return 1001;
  if (status === 429 || (status > 500 && retryable)) return 1013;
  return status < 500 ? 1008 : 1011;
}
