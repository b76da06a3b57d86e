import { explainError, isAboutCertificate } from "./explain.ts";
import {
  type LiveSocket,
  SocketRefused,
  type SocketRequest,
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportRequest,
} from "./transport.ts";
import { openWebSocket, type WebSocketLike } from "./web-socket.ts";

/** Where a server listens when nothing else is said. */
export const defaultBaseUrl = "http://localhost:5000/api";

/** What only the HTTP transport needs. */
export interface HttpOptions {
  /** API key, sent as `Authorization: Bearer`. It wins over user and password in the base URL. */
  readonly key?: string;
  /** Sent with every request; they win over the client's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /**
   * Whether `fetch` can send a stream over HTTP/1.1: Node, Bun and Deno can. Browsers cannot (some need HTTP/2, some
   * send "[object ReadableStream]"), so without it a stream is gathered into a Blob before it is sent.
   */
  readonly streamUploads?: boolean;
  /** Used for live sessions instead of the global `WebSocket`. */
  readonly WebSocket?: WebSocketMaker;
  /**
   * Whether a WebSocket takes headers, as `{ headers }` in the place of its protocols: those of Node and of the package
   * ws do. Browsers' do not: there a live session goes without `headers`, and a ticket stands for `key`.
   */
  readonly socketHeaders?: boolean;
}

/** What `httpTransport` makes; `fetch` keeps its connections, so there is nothing to close. */
export type HttpTransport = Required<Omit<Transport, "close">>;

/** A constructor of WebSockets, the global one or another. What they take as options, nobody agrees on. */
export type WebSocketMaker = new (url: string, options?: never) => WebSocketLike;

/**
 * A transport by `fetch`. `baseUrl` ends in `/api` (a slash after it does no harm); to a URL without any path `/api`
 * is added, any other path is used as it is. User and password in it are sent as HTTP Basic, since `fetch` refuses
 * them in a URL.
 * @throws TypeError if `baseUrl` is no http(s) URL, has a query or fragment, or a header is not valid
 */
export function httpTransport(baseUrl: string = defaultBaseUrl, options: HttpOptions = {}): HttpTransport {
  const { target, authorization } = readBaseUrl(baseUrl);
  const common = new Headers();
  if (options.key !== undefined) common.set("authorization", `Bearer ${options.key}`);
  else if (authorization !== undefined) common.set("authorization", authorization);
  for (const [name, value] of Object.entries(options.headers ?? {})) common.set(name, value);
  // The global is looked up at each call and called as a function of the global object: browsers insist on it.
  const send = options.fetch ?? ((url, init) => globalThis.fetch(url, init));

  const transport = {
    target,
    async send(request: TransportRequest): Promise<TransportAnswer> {
      const url = `${target}${request.path}${queryString(request.query)}`;
      const init = await requestInit(request, common, options.streamUploads === true);
      try {
        return await send(url, init);
      } catch (error) {
        throw transportError(error);
      }
    },
    async openSocket(request: SocketRequest): Promise<LiveSocket> {
      const Socket = options.WebSocket ?? globalWebSocket();
      const withHeaders = options.socketHeaders === true;
      const ticket = withHeaders || !common.has("authorization") ? {} : await askForTicket(transport, request);
      const url = `${target.replace(/^http/, "ws")}${request.path}${queryString({ ...request.query, ...ticket })}`;
      const init = withHeaders ? { headers: Object.fromEntries(common) } : undefined;
      try {
        return await openWebSocket(
          () => (init === undefined ? new Socket(url) : new Socket(url, init as never)),
          request,
        );
      } catch (error) {
        if (request.signal.aborted) throw error;
        return await explainRefusal(transport, request, error);
      }
    },
  };
  return transport;
}

/** @throws TypeError if this runtime has none */
function globalWebSocket(): WebSocketMaker {
  const { WebSocket } = globalThis as { readonly WebSocket?: WebSocketMaker };
  if (WebSocket !== undefined) return WebSocket;
  throw new TypeError(
    "this runtime has no WebSocket, which live sessions need: Node has one from version 22 on, and any other can be given as the option WebSocket",
  );
}

/** What stands for a key in the URL of a WebSocket. @throws SocketRefused if the key is not taken */
async function askForTicket(
  transport: Pick<Transport, "send">,
  { signal }: SocketRequest,
): Promise<{ readonly ticket?: string }> {
  const answer = await transport.send({ method: "POST", path: "/tickets", headers: {}, signal });
  if (answer.status >= 400 && answer.status !== 404) throw new SocketRefused(answer);
  const { ticket } = (await new Response(answer.body).json()) as { readonly ticket?: unknown };
  return typeof ticket === "string" ? { ticket } : {}; // a server of before has none
}

/**
 * A WebSocket does not say why it did not come about; the same request without it does.
 * @throws what tells it best
 */
async function explainRefusal(
  transport: Pick<Transport, "send">,
  { path, query, signal }: SocketRequest,
  error: unknown,
): Promise<never> {
  const headers = { accept: "application/json" };
  const answer = await transport.send({ method: "GET", path, headers, signal, ...(query !== undefined && { query }) });
  // It would take one now, or takes none from here: it may have been away for a moment.
  if (answer.status === 426 || answer.status < 400) {
    await answer.body?.cancel();
    const detail = "the server answers, but no live connection came about; does a proxy in between carry WebSocket?";
    throw new TransportError("connection_lost", true, detail, { cause: error });
  }
  throw new SocketRefused(answer);
}

async function requestInit(request: TransportRequest, common: Headers, streams: boolean): Promise<RequestInit> {
  const headers = new Headers(request.headers);
  common.forEach((value, name) => {
    headers.set(name, value);
  });
  const init: RequestInit & { duplex?: "half" } = { method: request.method, headers, signal: request.signal };
  if (request.outlivesPage) init.keepalive = true;
  if (request.body instanceof ReadableStream) {
    if (streams) init.duplex = "half";
    init.body = streams ? request.body : await new Response(request.body).blob();
  } else if (request.body !== undefined) {
    init.body = request.body;
  }
  return init;
}

function readBaseUrl(baseUrl: string): { target: string; authorization: string | undefined } {
  if (typeof baseUrl !== "string") throw new TypeError("baseUrl must be a string");
  // Not quoted in the messages: it may hold a key.
  if (!URL.canParse(baseUrl)) throw new TypeError(`baseUrl is no URL; write it like ${defaultBaseUrl}`);
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`baseUrl must begin with http:// or https://, like ${defaultBaseUrl}`);
  }
  if (url.search !== "" || url.hash !== "") throw new TypeError("baseUrl must have no query and no fragment");
  const path = url.pathname.replace(/\/+$/, "");
  const { username, password } = url;
  return {
    target: `${url.origin}${path === "" ? "/api" : path}`,
    authorization: username === "" && password === "" ? undefined : basicAuthorization(username, password),
  };
}

function basicAuthorization(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${decodeUserinfo(username)}:${decodeUserinfo(password)}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** A lone `%` stays as it is in a URL, and `decodeURIComponent` throws on it. */
function decodeUserinfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function queryString(query: TransportRequest["query"]): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? "" : `?${text}`;
}

function transportError(error: unknown): TransportError {
  const detail = explainError(error);
  const cause = error instanceof Error ? error.cause : undefined;
  if (isAboutCertificate(cause)) return new TransportError("certificate_untrusted", false, detail, { cause: error });
  if (isNeverSent(cause)) return new TransportError("server_unreachable", false, detail, { cause: error });
  // Browsers do not say what went wrong; that nobody listens is by far the most frequent.
  if (cause === undefined) return new TransportError("server_unreachable", true, detail, { cause: error });
  return new TransportError("connection_lost", true, detail, { cause: error });
}

/** Node names the step that failed; before a connection stands nothing can have been sent. */
function isNeverSent(cause: unknown): boolean {
  if (typeof cause !== "object" || cause === null) return false;
  const { syscall, code, errors } = cause as { syscall?: unknown; code?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isNeverSent);
  return syscall === "connect" || syscall === "getaddrinfo" || code === "UND_ERR_CONNECT_TIMEOUT";
}
