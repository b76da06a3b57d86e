import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type Audio, type AudioSource, audioOf, openIterable } from "./audio.ts";
import { BaseClient } from "./client.ts";
import { explainError } from "./explain.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import { defaultBaseUrl, type HttpOptions, type HttpTransport, httpTransport as webHttpTransport } from "./http.ts";
import { type ClientOptions, transportOf } from "./options.ts";

/** A recording in Node: what every runtime has, or the path of a file, also as a `file:` URL object. */
export type NodeAudioSource = AudioSource | string | URL;

/** The client for Node: as in the browser, and it reads files by path and sends streams as they come. */
export class ModelAPIClient extends BaseClient<NodeAudioSource> {
  /** @throws TypeError if the URL or an option is wrong */
  constructor(baseUrl: string = defaultBaseUrl, options: ClientOptions = {}) {
    super(
      transportOf(options, () => httpTransport(baseUrl, options)),
      options,
    );
  }

  protected override async openSource(source: NodeAudioSource): Promise<Audio | CallFailure> {
    return typeof source === "string" || source instanceof URL ? fileAudio(source) : audioOf(source);
  }
}

/** The HTTP transport of Node: streams are sent as they come, and an answer may take as long as the caller allows. */
export function httpTransport(baseUrl: string = defaultBaseUrl, options: HttpOptions = {}): HttpTransport {
  const ofNode = { streamUploads: true, socketHeaders: true };
  return webHttpTransport(baseUrl, { ...ofNode, ...options, fetch: options.fetch ?? patientFetch });
}

/** What Node's `fetch` sends through; it keeps the one in use under this name, also for its npm package. */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}
const dispatcherName = Symbol.for("undici.globalDispatcher.1");

/**
 * Node's `fetch` without its own limit of five minutes for an answer to begin or go on, under which a large model
 * could not be loaded. It sends through whatever dispatcher the application has set (proxies).
 */
const patientFetch: typeof fetch = (input, init) => {
  const dispatcher: Dispatcher = {
    dispatch(options, handler) {
      // Looked up here only: Node makes it when fetch is first used.
      const real = (globalThis as { [dispatcherName]?: Dispatcher })[dispatcherName];
      if (real === undefined) throw new Error("fetch has no dispatcher");
      return real.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler);
    },
  };
  return globalThis.fetch(input, { ...init, dispatcher } as RequestInit);
};

/** Looks first: what is not there needs no server to say so, and a pipe can be read once only. */
async function fileAudio(path: string | URL): Promise<Audio | CallFailure> {
  if (path === "") throw new TypeError("the path of the audio is empty");
  try {
    const info = await stat(path);
    if (info.isDirectory()) return ownFailure("audio_unreadable", { detail: `${String(path)} is a directory` });
    // Opened when it is first read: what nobody reads of would stay open, and could fail where nobody listens.
    const source = { [Symbol.asyncIterator]: () => createReadStream(path)[Symbol.asyncIterator]() };
    return { replayable: info.isFile(), open: () => openIterable(source) };
  } catch (error) {
    // A URL that is no file's, or a path with a null byte.
    if (error instanceof TypeError) throw error;
    return ownFailure("audio_unreadable", { detail: explainError(error) });
  }
}

export * from "./exports.ts";
