import type { WebSocket } from "ws";
import type { LiveRequest, LiveSession } from "../../../api/types.ts";
import { VoxpoolError } from "../../../base/errors.ts";
import { watchPeer } from "../../alive.ts";
import { Inbox, type SocketMessage } from "../../inbox.ts";
import type { OpenAiError } from "../failure.ts";
import { readClientEvent } from "./client-event.ts";
import type { ServerEvent } from "./conversation.ts";
import { RealtimeSession } from "./session.ts";
import type { RealtimeForm } from "./settings.ts";

export interface RealtimeConnectionOptions {
  readonly socket: WebSocket;
  readonly form: RealtimeForm;
  readonly urlModel: string | undefined;
  readonly open: (model: string | undefined, request: LiveRequest, signal: AbortSignal) => Promise<LiveSession>;
  readonly explain: (thrown: unknown) => { readonly error: VoxpoolError; readonly told: OpenAiError };
  readonly onDuration: (seconds: number) => void;
  readonly newId: (kind: "sess" | "item" | "event") => string;
  /** A reader that takes nothing for so long is ended. */
  readonly stallMs: number;
  /** How often a peer is asked whether it is there. */
  readonly pingMs: number;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** With so many bytes on their way nothing more is sent, and in the end no more audio is read. */
const fullBytes = 256 * 1024;

/** Carries a realtime session to its end. Never rejects. */
export async function carryRealtime(options: RealtimeConnectionOptions): Promise<void> {
  const { socket, stopping, explain } = options;
  const inbox = new Inbox(socket, watchPeer(socket, options.pingMs));
  const gone = new AbortController();
  const send = sender(options, gone.signal);
  const session = new RealtimeSession({
    ...options,
    send,
    // Python raises on other codes, and tries again on some; what is wrong was said.
    onLimit: () => socket.close(1000),
  });
  socket.once("close", () => {
    gone.abort(new VoxpoolError("request_cancelled"));
    session.leave();
  });
  const onStopping = (): void => session.close(stopping.reason as VoxpoolError);
  stopping.addEventListener("abort", onStopping, { once: true });
  await session.begin();
  for (let message = await inbox.next(); message !== undefined; message = await inbox.next()) {
    let eventId: string | undefined;
    try {
      const event = readClientEvent(textOf(message));
      ({ eventId } = event);
      await session.take(event);
    } catch (thrown) {
      if (!gone.signal.aborted) await send([errorEvent(explain(thrown).told, eventId)]);
    }
  }
  stopping.removeEventListener("abort", onStopping);
}

function textOf(message: SocketMessage): string {
  if (message.type === "text") return message.text;
  throw new VoxpoolError("message_invalid", { detail: "audio comes as base64 in input_audio_buffer.append" });
}

/** The session goes on. */
function errorEvent(error: OpenAiError, eventId: string | undefined): ServerEvent {
  return { type: "error", error: { ...error, event_id: eventId ?? null } };
}

/** Sends events with their ids; waits while a slow reader has too many of them before it, and not for ever. */
function sender({ socket, newId, stallMs }: RealtimeConnectionOptions, gone: AbortSignal) {
  return async (events: readonly ServerEvent[]): Promise<void> => {
    for (const event of events) {
      if (gone.aborted) return;
      const text = JSON.stringify({ ...event, event_id: newId("event") });
      if (socket.bufferedAmount > fullBytes) await sendSlowly(socket, text, stallMs, gone);
      else socket.send(text);
    }
  };
}

async function sendSlowly(socket: WebSocket, text: string, stallMs: number, gone: AbortSignal): Promise<void> {
  const timer = setTimeout(() => socket.terminate(), stallMs);
  await new Promise<void>((resolve) => {
    gone.addEventListener("abort", () => resolve(), { once: true });
    socket.send(text, () => resolve());
  });
  clearTimeout(timer);
}
