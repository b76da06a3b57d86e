import type { LiveEvent } from "@voxpool/client/contract";
import type { WebSocket } from "ws";
import type { Principal } from "../../access/principal.ts";
import type { Api, Caller, LiveRequest } from "../../api/types.ts";
import { type MessageLanguage, VoxpoolError } from "../../base/errors.ts";
import { watchPeer } from "../alive.ts";
import { Inbox, type SocketMessage } from "../inbox.ts";
import { closeCode } from "./close-code.ts";
import { parseMessage } from "./messages.ts";
import { errorEvent, type Reader, StreamSession } from "./session.ts";
import type { StreamSessions } from "./sessions.ts";
import type { StreamLimits } from "./stream.ts";

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly api: Pick<Api, "openLive">;
  readonly sessions: StreamSessions;
  readonly limits: StreamLimits;
  /** What the URL wishes, if it wishes something. @throws VoxpoolError */
  readonly requestInUrl: () => LiveRequest | undefined;
  /** Of what is said to people. */
  readonly language: MessageLanguage;
  /** Who has connected; undefined where nobody is asked. */
  readonly principal?: Principal;
  readonly caller: (signal: AbortSignal, clientId: string | undefined) => Caller;
  /** What to tell of whatever was thrown. */
  readonly explain: (thrown: unknown) => VoxpoolError;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  /** Told how much audio the session had, seconds. */
  readonly onDuration: (seconds: number) => void;
}

/** With so many bytes on their way partials are left out. */
const behindBytes = 64 * 1024;
/** With so many bytes on their way nothing more is sent, and in the end no more audio is read. */
const fullBytes = 256 * 1024;

/** A connection of `WS /api/stream`: it begins a session or goes on with one, and carries it until either ends. */
export class StreamConnection implements Reader {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #inbox: Inbox;
  readonly #gone = new AbortController();
  readonly #released = Promise.withResolvers<void>();
  readonly #onStopping: () => void;
  #session: StreamSession | undefined;
  #isViolated = false;
  /** Whether a close has been sent. */
  #isClosing = false;

  constructor(options: ConnectionOptions) {
    const { socket, limits, stopping } = options;
    this.#options = options;
    this.#socket = socket;
    this.#inbox = new Inbox(socket, watchPeer(socket, limits.pingMs));
    this.#onStopping = () => this.#refuse(stopping.reason);
    stopping.addEventListener("abort", this.#onStopping, { once: true });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      this.#isViolated = error.code?.startsWith("WS_ERR_") === true;
    });
    socket.once("close", (code) => this.#onClose(code));
  }

  /** Carries it to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const session = await this.#begin();
      if (session !== undefined) await this.#carry(session);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  get isBehind(): boolean {
    return this.#socket.bufferedAmount > behindBytes;
  }

  send(event: LiveEvent): Promise<void> | undefined {
    if (this.#isClosing || this.#gone.signal.aborted) return undefined;
    if (event.type === "ended") this.#options.onDuration(event.duration);
    const text = JSON.stringify(event);
    if (this.#socket.bufferedAmount > fullBytes) return this.#sendSlowly(text);
    this.#socket.send(text);
    return undefined;
  }

  finish(code: number, reason: string): void {
    this.#close(code, reason);
  }

  takeOver(): void {
    const error = new VoxpoolError("session_taken_over");
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) void this.send(session.errorEvent(error));
    this.#close(closeCode(error), error.reason);
  }

  /** The session that the first message, or the URL, asks for; undefined if the connection went away before. */
  async #begin(): Promise<StreamSession | undefined> {
    const inUrl = this.#options.requestInUrl();
    if (inUrl !== undefined) return this.#start(inUrl);
    const first = await this.#first();
    if (first === undefined) return undefined;
    const message = first.type === "text" ? parseMessage(first.text) : undefined;
    if (message?.type === "start") return this.#start(message.request);
    if (message?.type !== "resume") {
      throw new VoxpoolError("message_invalid", { detail: "the first one has to be start or resume" });
    }
    const session = this.#options.sessions.find(message.session_id, this.#options.principal?.keyId);
    try {
      session.resume(this, message.after);
    } catch (error) {
      // Nothing has changed for the session: it waits on.
      if (!session.isRead) this.#options.sessions.keep(session);
      throw error;
    }
    this.#session = session;
    return session;
  }

  async #start(request: LiveRequest): Promise<StreamSession | undefined> {
    const { api, sessions, limits, explain, language, principal } = this.#options;
    const life = new AbortController();
    const leave = (): void => life.abort(new VoxpoolError("request_cancelled"));
    this.#gone.signal.addEventListener("abort", leave);
    const live = await api.openLive(request, this.#options.caller(life.signal, request.options.client_id));
    // From now on the session may outlive the connection.
    this.#gone.signal.removeEventListener("abort", leave);
    if (this.#gone.signal.aborted) {
      live.cancel();
      return undefined;
    }
    const { resumeSeconds } = limits;
    const session = new StreamSession({ keyId: principal?.keyId, live, language, resumeSeconds, explain });
    sessions.add(session);
    this.#session = session;
    void session.run(this);
    return session;
  }

  /** What comes, until nothing does. */
  async #carry(session: StreamSession): Promise<void> {
    for (;;) {
      const message = await this.#inbox.next();
      // What waited when another connection took over comes again there.
      if (message === undefined || this.#session !== session) return;
      if (message.type === "text") await control(session, message.text);
      else if (session.hasEnded) throw new VoxpoolError("message_invalid", { detail: "audio came after end" });
      else if (message.bytes.length > 0) await session.write(message.bytes);
    }
  }

  /** The first message; undefined if none comes any more. Later ones may be long in coming: the session looks to that. */
  async #first(): Promise<SocketMessage | undefined> {
    const { idleSeconds } = this.#options.limits;
    const idle = Promise.withResolvers<never>();
    const details = { idle_seconds: idleSeconds, setting: "limits.live_idle_seconds" };
    const timer = setTimeout(() => idle.reject(new VoxpoolError("live_idle", details)), idleSeconds * 1000);
    try {
      return await Promise.race([this.#inbox.next(), idle.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #sendSlowly(text: string): Promise<void> {
    const { stallSeconds } = this.#options.limits;
    const timer = setTimeout(() => {
      const details = { idle_seconds: stallSeconds, setting: "limits.upload_idle_seconds" };
      this.#refuse(new VoxpoolError("client_too_slow", details));
    }, stallSeconds * 1000);
    const sent = new Promise<void>((resolve) => {
      this.#socket.send(text, () => resolve());
    });
    await Promise.race([sent, this.#released.promise]);
    clearTimeout(timer);
  }

  /** Says what is wrong, and ends the connection and its session. */
  #refuse(thrown: unknown): void {
    if (this.#isClosing || this.#gone.signal.aborted) return;
    const error = this.#options.explain(thrown);
    const session = this.#session;
    this.#session = undefined;
    void this.send(session?.errorEvent(error) ?? errorEvent(error, 1, this.#options.language));
    this.#close(closeCode(error), error.reason);
    if (session !== undefined) this.#options.sessions.discard(session, error);
  }

  #close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#released.resolve();
    this.#inbox.close();
    this.#socket.close(code, reason);
  }

  #onClose(code: number): void {
    const { sessions, stopping } = this.#options;
    stopping.removeEventListener("abort", this.#onStopping);
    this.#gone.abort(new VoxpoolError("request_cancelled"));
    this.#released.resolve();
    const session = this.#session;
    if (session === undefined || !session.isReadBy(this)) return;
    // Without a close of the peer's (1006) nobody knows whether it has read the last event.
    const isDone = session.isOver ? code !== 1006 : code === 1000;
    session.detach(this);
    if (isDone || this.#isViolated) sessions.discard(session);
    else sessions.keep(session);
  }
}

async function control(session: StreamSession, text: string): Promise<void> {
  const { type } = parseMessage(text);
  if (type === "finalize") await session.finalize();
  else if (type === "end") await session.end();
  else throw new VoxpoolError("message_invalid", { detail: "the session has begun already" });
}
