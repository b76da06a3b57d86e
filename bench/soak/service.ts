import { explained, patienceMs } from "./clients.ts";
import { type Entrance, headersOf } from "./entrance.ts";

/** An answer of the server, or why there is none. */
export interface Reply {
  /** 0: there was no answer. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A loaded model as the server's status shows it. */
export interface Entry {
  readonly pid: number;
  readonly state: string;
  /** Recognitions that use it now. */
  readonly sessions: number;
}

/** Calls that are no recognition. */
export class Service {
  readonly #entrance: Entrance;

  constructor(entrance: Entrance) {
    this.#entrance = entrance;
  }

  get(path: string): Promise<Reply> {
    return this.#send(path, {});
  }

  post(path: string, body: object | string): Promise<Reply> {
    const headers = { "content-type": "application/json" };
    return this.#send(path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  }

  /** Sends bytes as a recording. */
  upload(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Reply> {
    return this.#send(path, { method: "POST", headers: { "content-type": "audio/wav" }, body: bytes });
  }

  /** What is loaded, by model path. @throws Error when the server does not say */
  async models(): Promise<readonly (readonly [string, Entry])[]> {
    const { status, body } = await this.get("/api/models");
    if (status !== 200) throw new Error(`GET /api/models answered ${status}: ${JSON.stringify(body)}`);
    return Object.entries(body.models as Record<string, Entry>);
  }

  async #send(path: string, init: RequestInit): Promise<Reply> {
    try {
      const response = await fetch(this.#entrance.url + path, {
        ...init,
        headers: { ...headersOf(this.#entrance), ...init.headers },
        signal: AbortSignal.timeout(patienceMs),
      });
      return { status: response.status, body: (await response.json()) as Reply["body"] };
    } catch (error) {
      return { status: 0, body: { reason: explained(error) } };
    }
  }
}
