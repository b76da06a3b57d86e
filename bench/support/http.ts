import { once } from "node:events";
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { Recording } from "./recordings.ts";

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** From the call to the parsed answer, milliseconds. */
  readonly ms: number;
}

/** A client with connections that stay open. */
export class HttpClient {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers sent with each request */
  constructor(url: string, connections = 1, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
    const kept = { keepAlive: true, maxSockets: connections };
    // The certificate is the bench's own, and not what is measured.
    this.#agent = isSecure(url) ? new SecureAgent({ ...kept, rejectUnauthorized: false }) : new Agent(kept);
  }

  /** @throws when the answer is no success */
  async transcribe(recording: Recording, query: Readonly<Record<string, string>>): Promise<Answer> {
    const path = `/api/transcribe?${new URLSearchParams(query)}`;
    return succeeded(await this.send("POST", path, "audio/wav", recording.bytes), path);
  }

  /** @throws when the answer is no success */
  async post(path: string, body: object): Promise<Answer> {
    return succeeded(await this.send("POST", path, "application/json", Buffer.from(JSON.stringify(body))), path);
  }

  async send(
    method: string,
    path: string,
    contentType?: string,
    body?: Uint8Array,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const begun = performance.now();
    const headers = {
      ...this.#headers,
      ...more,
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(body === undefined ? {} : { "content-length": body.length }),
    };
    const response = await this.#ask(method, path, headers, body);
    const parsed = JSON.parse(await text(response)) as Answer["body"];
    return { status: response.statusCode ?? 0, body: parsed, ms: performance.now() - begun };
  }

  /** Asks, and takes whatever comes. */
  async look(path: string): Promise<void> {
    await text(await this.#ask("GET", path, this.#headers));
  }

  async #ask(method: string, path: string, headers: OutgoingHttpHeaders, body?: Uint8Array): Promise<IncomingMessage> {
    const ask = isSecure(this.#url) ? secureRequest : request;
    const outgoing = ask(this.#url + path, { method, agent: this.#agent, headers });
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return response;
  }

  close(): void {
    this.#agent.destroy();
  }
}

const isSecure = (url: string): boolean => url.startsWith("https:");

function succeeded(answer: Answer, path: string): Answer {
  if (answer.status === 200 && answer.body.success === true) return answer;
  throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
