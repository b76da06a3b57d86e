import type { Socket } from "node:net";
import type { Api } from "../../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { PortGuard } from "../auth/port-guard.ts";
import { callerAt } from "../caller.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";
import { encodeEvent } from "./frames.ts";
import type { Tell } from "./utterance.ts";

export interface ConnectionParts extends Pick<ConversationOptions, "info" | "patience" | "signal"> {
  readonly api: Pick<Api, "openLive">;
  readonly log: Log;
  /** Who may connect; everybody who can, if left out. */
  readonly guard?: PortGuard;
}

/** Room for the last event to reach the other side before the connection is cut. */
const lingerMs = 1000;

/** Carries one connection, from its first event to its last. Never rejects. */
export async function carry(
  socket: Socket,
  { api, log, info, patience, signal, guard }: ConnectionParts,
): Promise<void> {
  const address = socket.remoteAddress;
  const conversation = new Conversation({
    api,
    info,
    patience,
    signal,
    tell: teller(socket, patience.speaking.seconds * 1000),
    caller: (language, gone) => callerAt(address, { language }, gone),
    onEnd(outcome) {
      const line = typeof outcome === "number" ? { audio_seconds: outcome } : { reason: outcome.reason };
      log.info({ protocol: "wyoming", ...line }, "utterance");
    },
  });
  socket.on("error", () => undefined); // its reading ends, and so does all else
  try {
    await guard?.admit(address, undefined);
    await conversation.run(socket);
  } catch (thrown) {
    const error = VoxpoolError.from(thrown);
    if (error.reason === "internal" && !socket.destroyed) log.error({ err: error.cause ?? error }, "request failed");
    tellError(socket, error, conversation.language);
  }
  endGently(socket);
}

/** Says that there is no room for it. */
export function refuse(socket: Socket, error: VoxpoolError): void {
  socket.on("error", () => undefined);
  tellError(socket, error, "en");
  endGently(socket);
}

function tellError(socket: Socket, error: VoxpoolError, language: MessageLanguage): void {
  if (socket.writable) socket.write(encodeEvent("error", { text: error.messageIn(language), code: error.reason }));
}

/** Writes events. One who does not read them is not waited for longer than one who does not send. */
function teller(socket: Socket, stallMs: number): Tell {
  return (type, data) =>
    new Promise((resolve, reject) => {
      const gone = () => reject(new VoxpoolError("request_cancelled"));
      if (!socket.writable) return gone();
      if (socket.write(encodeEvent(type, data))) return resolve();
      const timer = setTimeout(() => socket.destroy(), stallMs);
      const settle = (then: () => void) => () => {
        clearTimeout(timer);
        socket.off("drain", drained).off("close", closed);
        then();
      };
      const drained = settle(resolve);
      const closed = settle(gone);
      socket.once("drain", drained).once("close", closed);
    });
}

/** Says that nothing follows, reads what still comes, and cuts the connection a moment later. */
function endGently(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
