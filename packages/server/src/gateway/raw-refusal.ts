import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Failure } from "@voxpool/client/contract";
import type { MessageLanguage, VoxpoolError } from "../base/errors.ts";

export interface RawRefusal {
  readonly error: VoxpoolError;
  /** That of the error, if left out. */
  readonly status?: number;
  readonly language?: MessageLanguage;
  /** Headers besides those that every refusal has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Room for the answer to reach its reader before the connection is cut. */
  readonly lingerMs: number;
}

/** Answers in the native shape on a connection that has no request that could be answered, and ends it. */
export function refuseRaw(socket: Socket, { error, language = "en", headers = {}, ...options }: RawRefusal): void {
  const { entry, reason } = error;
  const { status = entry.status, lingerMs } = options;
  const body: Failure = { success: false, message: error.messageIn(language), reason, retryable: entry.retryable };
  const text = JSON.stringify(body);
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n${more.join("")}` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nX-Content-Type-Options: nosniff\r\n` +
      `Connection: close\r\n\r\n${text}`,
  );
  // What still arrives is read and dropped for a moment: cutting at once would reset the connection.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
