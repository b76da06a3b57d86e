import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { LiveEvent, LiveMessage } from "@voxpool/client/contract";
import { type WebSocket, WebSocketServer } from "ws";

/** A session of the server of letters. */
export interface LettersSession {
  readonly id: string;
  readonly start: Extract<LiveMessage, { type: "start" }>;
  /** All audio that came, in order. */
  audio: string;
  /** Texts that came after the first one, by type. */
  readonly messages: string[];
  readonly events: LiveEvent[];
  socket: WebSocket | undefined;
}

export interface Letters {
  readonly url: string;
  readonly sessions: readonly LettersSession[];
  /** Headers of each connection. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** Set: it answers so instead of what the contract says. True: it is dealt with. */
  answer: ((socket: WebSocket, message: LiveMessage, session: LettersSession | undefined) => boolean) | undefined;
}

type Without<E> = E extends { number: number } ? Omit<E, "number"> : never;

const segmentOf = (id: number, end: number, text: string) => ({ id, start: 0, end, text });

/**
 * A server of the live protocol that hears bytes as letters: a full stop ends a segment. It does what the contract
 * says, and what a test tells it to, for states in which a real one is seldom.
 */
export async function startLetters(t: TestContext): Promise<Letters> {
  const sessions: LettersSession[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const http = createServer(({ url }, response) => {
    if (url === "/api/health") response.setHeader("content-type", "application/json").end('{"success":true}');
    else response.writeHead(426).end();
  });
  const wss = new WebSocketServer({ server: http, path: "/api/stream" });
  const self: Letters = { url: "", sessions, headers, answer: undefined };
  wss.on("connection", (socket, request) => {
    headers.push(request.headers);
    let session: LettersSession | undefined;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        if (session !== undefined) hear(session, data.toString("latin1"));
        return;
      }
      const message = JSON.parse(data.toString()) as LiveMessage;
      if (session !== undefined) session.messages.push(message.type);
      if (self.answer?.(socket, message, session)) return;
      session = take(sessions, session, socket, message);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of wss.clients) socket.terminate();
    http.close();
    http.closeAllConnections();
  });
  return Object.assign(self, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/api` });
}

function take(
  sessions: LettersSession[],
  session: LettersSession | undefined,
  socket: WebSocket,
  message: LiveMessage,
): LettersSession | undefined {
  switch (message.type) {
    case "start": {
      const begun = { id: `s${sessions.length}`, start: message, audio: "", messages: [], events: [], socket };
      sessions.push(begun);
      ready(begun);
      return begun;
    }
    case "resume": {
      const known = sessions.find(({ id }) => id === message.session_id);
      if (known === undefined) {
        socket.send(
          JSON.stringify({
            type: "error",
            number: 1,
            reason: "request_invalid",
            message: "No such session.",
            retryable: false,
          }),
        );
        return undefined;
      }
      known.socket = socket;
      ready(known);
      for (const event of known.events) if (event.number > message.after) socket.send(JSON.stringify(event));
      return known;
    }
    case "finalize":
    case "end":
      if (session === undefined) return undefined;
      finish(session);
      if (message.type === "finalize") tell(session, { type: "finalized" });
      else tell(session, { type: "ended", duration: session.audio.length, segments: segmentsOf(session) });
      return session;
  }
}

function hear(session: LettersSession, letters: string): void {
  for (const letter of letters) {
    session.audio += letter;
    if (letter === ".") finish(session);
  }
  const text = spoken(session);
  if (text !== "") tell(session, { type: "partial", segment_id: segmentsOf(session), start: 0, text, stable: "" });
}

function finish(session: LettersSession): void {
  const text = spoken(session);
  if (text === "") return;
  tell(session, { type: "final", segment: segmentOf(segmentsOf(session), session.audio.length, text) });
  finals.set(session, session.audio.length);
}

/** How much of the audio of a session is final. */
const finals = new WeakMap<LettersSession, number>();
const spoken = (session: LettersSession) => session.audio.slice(finals.get(session) ?? 0).replaceAll(".", "");
const segmentsOf = ({ events }: LettersSession) => events.filter(({ type }) => type === "final").length;

function ready(session: LettersSession): void {
  const event: LiveEvent = {
    type: "ready",
    number: 1,
    session_id: session.id,
    model_path: "model/letters",
    model_version: "1",
    words: false,
    partials: true,
    received_bytes: session.audio.length,
    received_finalizes: session.messages.filter((type) => type === "finalize").length,
    resume_seconds: 20,
  };
  session.socket?.send(JSON.stringify(event));
}

function tell(session: LettersSession, event: Without<LiveEvent>): void {
  const numbered: LiveEvent = { ...event, number: session.events.length + 2 };
  session.events.push(numbered);
  if (session.socket?.readyState === 1) session.socket.send(JSON.stringify(numbered));
}

/** A way to a server that can be cut. */
export interface Wire {
  readonly url: string;
  /** Cuts every connection, without a word. */
  cut(): void;
  /** Nobody listens there, until the result is called. */
  closePort(): Promise<() => Promise<void>>;
  /** While it is closed every new connection is cut at once. */
  isOpen: boolean;
  /** Told of each piece on its way to the server, before it goes on; true: cut there, and it is lost. */
  watch: ((piece: Buffer) => boolean) | undefined;
  /** Told of each piece on its way back. */
  watchBack: ((piece: Buffer) => boolean) | undefined;
  /** While true, nothing gets through to the server. */
  isHeld: boolean;
}

export async function startWire(t: TestContext, url: string): Promise<Wire> {
  const sockets = new Set<Socket>();
  const target = new URL(url);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const self: Wire = {
    url: "",
    cut,
    closePort,
    isOpen: true,
    watch: undefined,
    watchBack: undefined,
    isHeld: false,
  };
  const server = createTcpServer((near) => {
    near.on("error", () => undefined);
    if (!self.isOpen) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    far.on("error", () => undefined);
    const both = [near, far];
    const end = () => {
      for (const socket of both) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of both) sockets.add(socket.on("close", end));
    near.on("data", (piece) => {
      if (self.isHeld) return void near.pause();
      if (self.watch?.(piece)) end();
      else far.write(piece);
    });
    far.on("data", (piece) => {
      if (self.watchBack?.(piece)) end();
      else near.write(piece);
    });
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  async function closePort(): Promise<() => Promise<void>> {
    const { port: at } = server.address() as AddressInfo;
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
    return () => listen(at);
  }
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.close();
    cut();
  });
  return Object.assign(self, { url: `http://127.0.0.1:${port}${target.pathname}` });
}
