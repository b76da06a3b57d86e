import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * `Expect: 100-continue`, answered only when the body is about to be read: a request that is refused before that
 * costs its sender no upload.
 */
const proceed = Symbol("sends 100 Continue");

type Waiting = IncomingMessage & { [proceed]?: (() => void) | undefined };

/** Whether the request says that it has a body. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

/** Keeps the sender waiting until the body is wanted. */
export function deferContinue(request: IncomingMessage, response: ServerResponse): void {
  (request as Waiting)[proceed] = () => response.writeContinue();
}

/** Whether the sender still waits, so that nothing of its body is on the way. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return (request as Waiting)[proceed] !== undefined;
}

/** Tells a waiting sender to go on; does nothing for the others. */
export function sendContinue(request: IncomingMessage): void {
  (request as Waiting)[proceed]?.();
  (request as Waiting)[proceed] = undefined;
}
