import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Dispatcher, request } from "undici";
import { VoxpoolError } from "../base/errors.ts";
import { createDispatchers, type Dispatchers } from "./dispatchers.ts";
import { tooNear } from "./nearness.ts";
import { Setback } from "./setback.ts";
import { steadily } from "./steady.ts";

export interface HttpOptions {
  /** What is fetched, for messages. */
  readonly name: string;
  /** Addresses that the operator or the user named: these may be of this machine and its network. */
  readonly named?: readonly string[];
  /** A server that is silent for so long is given up, and one that sends next to nothing in twice that time. */
  readonly stallMs?: number;
  /** How often the same thing is tried again in vain. */
  readonly retries?: number;
  /** The first pause between two attempts; it doubles each time, up to 30 s. */
  readonly backoffMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Downloads over HTTP(S), through the proxies of the environment, else of npm's settings. */
export interface Http {
  /**
   * One GET, redirects followed; an answer of any status that is no redirect.
   * @param from the address that named this one, if it was no operator and no user: like a redirect it leads no nearer
   * than it is itself
   * @throws Setback on network trouble, the signal's reason, VoxpoolError `download_failed`
   */
  get(url: string, headers: Readonly<Record<string, string>>, from?: string): Promise<Dispatcher.ResponseData>;
  /** The body of an answer. @throws Setback also if it hardly comes along; as the body */
  receive(answer: Dispatcher.ResponseData): AsyncIterable<Buffer>;
  /**
   * A small document, with retries. `authorization` goes to the address's own host alone.
   * @throws VoxpoolError `download_failed`
   */
  text(url: string, accept: string, authorization?: string): Promise<string>;
  /**
   * Makes attempts until one does not end in a setback; pauses between them grow.
   * @param progress a number that grows when an attempt got further than all before, which starts the count anew
   * @throws VoxpoolError `download_failed` once the retries are used up
   */
  retrying<T>(url: string, attempt: () => Promise<T>, progress?: () => number): Promise<T>;
  /** The same for a place after which others can be asked: it gives up soon, and at once where nobody answers. */
  impatient(): Http;
  close(): Promise<void>;
}

const maxRedirects = 5;
const maxTextBytes = 20_000_000;
const maxPauseMs = 30_000;
const connectMs = 10_000;
const impatientRetries = 1;
const leaveMs = 1000;

export function createHttp(options: HttpOptions): Http {
  const { name, named = [], stallMs = 30_000, retries = 5, backoffMs = 500, signal } = options;
  const timeouts = { headersTimeout: stallMs, bodyTimeout: stallMs };
  const refuse = (url: string, found: string) => failed(url, tooNear(found), name);
  const dispatchers = createDispatchers({ timeouts, connectMs: Math.min(stallMs, connectMs), named, refuse });
  const send = { dispatchers, ...timeouts, signal };
  const withPatience = (most: number, isImpatient: boolean): Http => {
    const http: Http = {
      get: (url, headers, from) => get({ start: url, from }, headers, send, name),
      receive: ({ body }) => steadily(body, 2 * stallMs),
      text: (url, accept, authorization) =>
        http.retrying(url, () => getText(http, url, { accept, ...(authorization && { authorization }) }, name)),
      retrying: async (url, attempt, progress = () => 0) => {
        let best = progress();
        for (let vain = 0; ; ) {
          try {
            return await attempt();
          } catch (error) {
            if (!(error instanceof Setback)) {
              throw error;
            }
            // Who cannot even reach the server waits less: most often there is no network.
            vain = progress() > best ? 0 : vain + (error.isUnreachable ? 2 : 1);
            best = Math.max(best, progress());
            if (vain > most || (isImpatient && error.isUnreachable)) {
              throw failed(url, error.message, name, error);
            }
            await pause(pauseMs(error, vain, backoffMs), signal);
          }
        }
      },
      impatient: () => withPatience(Math.min(retries, impatientRetries), true),
      close: () => dispatchers.close(),
    };
    return http;
  };
  return withPatience(retries, false);
}

/** An error that names the address without what is secret in it. */
export function failed(url: string, detail: string, name: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("download_failed", { name, url: withoutSecrets(url), detail }, { cause });
}

/** An address that may be shown: no user, no password, no query (signed addresses have their key there). */
export function withoutSecrets(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "an address that is no URL";
  }
}

/** What to do with an answer that is not the wanted one: try again, or give up. */
export function refusal(url: string, answer: Dispatcher.ResponseData, name: string): Setback | VoxpoolError {
  const { statusCode, headers } = answer;
  const detail = `the server answered with status ${statusCode}`;
  if (statusCode === 408 || statusCode === 425 || statusCode === 429 || statusCode >= 500) {
    const seconds = Number(headers["retry-after"]);
    return new Setback(detail, { retryAfterMs: seconds > 0 ? seconds * 1000 : undefined });
  }
  // The status also as a number: another address may have what this one has not.
  return new VoxpoolError("download_failed", { name, url: withoutSecrets(url), detail, status: statusCode });
}

/** Network trouble as a setback; what is not network trouble as it is. */
export function asSetback(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    return signal.reason;
  }
  if (error instanceof Setback || error instanceof VoxpoolError || !(error instanceof Error)) {
    return error;
  }
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && "code" in first && typeof first.code === "string" ? first.code : error.name;
  const isUnreachable = unreachableCodes.has(code);
  return new Setback(networkTrouble[code] ?? `the connection failed (${code})`, { cause: error, isUnreachable });
}

const unreachableCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const networkTrouble: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing answers there",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "the host name is not known (no network?)",
  EAI_AGAIN: "the host name cannot be looked up (no network?)",
  ENETUNREACH: "there is no network",
  EHOSTUNREACH: "the server cannot be reached",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_BODY_TIMEOUT: "the server fell silent",
  UND_ERR_HEADERS_TIMEOUT: "the server does not answer",
  UND_ERR_CONNECT_TIMEOUT: "the server cannot be reached",
};

interface SendOptions {
  readonly dispatchers: Dispatchers;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  readonly signal: AbortSignal | undefined;
}

interface Target {
  readonly start: string;
  readonly from: string | undefined;
}

async function get(
  { start, from }: Target,
  headers: Readonly<Record<string, string>>,
  send: SendOptions,
  name: string,
): Promise<Dispatcher.ResponseData> {
  const { dispatchers } = send;
  const first = parseUrl(start, name);
  let url = first;
  let limit = from === undefined ? dispatchers.startOf(first) : dispatchers.reachOf(parseUrl(from, name));
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const plain = new URL(url);
    plain.username = "";
    plain.password = "";
    const { authorization, ...others } = headers;
    // A token is for the host that it was given for; where that redirects to is another's.
    const own: Record<string, string> =
      authorization !== undefined && url.origin === first.origin ? { authorization } : {};
    const dispatcher = dispatchers.within(plain, limit);
    const answer = await requestOnce(plain, { ...others, ...own, ...credentialsOf(first, url) }, send, dispatcher);
    if (hops === 0 && from === undefined) limit = dispatchers.reachOf(plain);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode) || typeof location !== "string") {
      return answer;
    }
    await leave(answer);
    const next = parseUrl(location, name, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      throw failed(start, "it leads from HTTPS to an address without", name);
    }
    url = next;
  }
  throw failed(start, `more than ${maxRedirects} redirects`, name);
}

/** Leaves a body that nobody wants. Read to its end it would spare a connection; one that drips is not worth that. */
async function leave({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: 16_384, signal: AbortSignal.timeout(leaveMs) }).catch(() => undefined);
}

async function requestOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { signal, headersTimeout, bodyTimeout }: SendOptions,
  dispatcher: Dispatcher,
): Promise<Dispatcher.ResponseData> {
  // Interim answers (1xx) keep a server from falling silent, and may come without end.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Setback("the server does not answer")), 2 * headersTimeout);
  try {
    return await request(url, {
      dispatcher,
      headersTimeout,
      bodyTimeout,
      signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      headers: { "user-agent": "voxpool", "accept-encoding": "identity", ...headers },
    });
  } catch (error) {
    throw asSetback(error, signal);
  } finally {
    clearTimeout(timer);
  }
}

function parseUrl(address: string, name: string, base?: URL): URL {
  const url = URL.parse(address, base);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw failed(address, "it is no HTTP address", name);
  }
  return url;
}

/** Credentials of the configured address, for its own host only. */
function credentialsOf(first: URL, url: URL): Readonly<Record<string, string>> {
  if (url.origin !== first.origin || first.username === "") {
    return {};
  }
  const pair = `${decodeURIComponent(first.username)}:${decodeURIComponent(first.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

async function getText(
  http: Http,
  url: string,
  headers: Readonly<Record<string, string>>,
  name: string,
): Promise<string> {
  const answer = await http.get(url, headers);
  if (answer.statusCode !== 200) {
    await leave(answer);
    throw refusal(url, answer, name);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of http.receive(answer)) {
      bytes += chunk.length;
      if (bytes > maxTextBytes) {
        throw failed(url, `the answer is larger than ${maxTextBytes} bytes`, name);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw asSetback(error, undefined);
  }
  const body = Buffer.concat(chunks);
  // Some servers compress what was asked for as it is.
  return (isGzip(answer) ? await unzipped(body, url, name) : body).toString("utf8");
}

function isGzip({ headers }: Dispatcher.ResponseData): boolean {
  return String(headers["content-encoding"]).toLowerCase() === "gzip";
}

async function unzipped(body: Buffer, url: string, name: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxTextBytes });
  } catch (error) {
    throw failed(url, "the answer is damaged or too large", name, error);
  }
}

/** @throws the signal's reason */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function pauseMs({ retryAfterMs }: Setback, vain: number, backoffMs: number): number {
  const grown = backoffMs * 2 ** Math.max(0, vain - 1) * (0.5 + Math.random());
  return Math.min(Math.max(grown, retryAfterMs ?? 0), maxPauseMs);
}
