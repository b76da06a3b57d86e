import type { TestContext } from "node:test";
import type { LiveEvent, LiveOptions } from "@voxpool/client/contract";
import type { Config } from "../../dist/base/settings.js";
import { type ModelContent, type Running, startRunning } from "../server/running.ts";
import { connect, type Event, type StreamClient } from "./socket.ts";

export interface RealServer extends Running {
  /** Of `/api/stream`, with `ws:`. */
  readonly url: string;
  readonly port: number;
  /** Connects, and begins a session. */
  readonly begin: (options?: LiveOptions) => Promise<{ client: StreamClient; ready: Event<"ready"> }>;
}

/** A whole server with real hosts, and what clients of its live sessions need. */
export async function startReal(
  t: TestContext,
  models: Readonly<Record<string, ModelContent>>,
  config: Partial<Config> = {},
): Promise<RealServer> {
  const running = await startRunning(t, models, config);
  const url = `${running.server.url.replace("http:", "ws:")}/api/stream`;
  return {
    ...running,
    url,
    port: Number(new URL(url).port),
    async begin(options = {}) {
      const client = await connect(t, url);
      client.send({ type: "start", ...options });
      return { client, ready: await client.until("ready") };
    },
  };
}

/** Sends audio in messages of so many bytes. */
export function sendAudio({ socket }: StreamClient, bytes: Uint8Array, messageBytes = 6400): void {
  for (let at = 0; at < bytes.length; at += messageBytes) socket.send(bytes.subarray(at, at + messageBytes));
}

/** Says that there is no more, and waits for all that comes. */
export async function finish(client: StreamClient): Promise<readonly LiveEvent[]> {
  client.send({ type: "end" });
  const { code, reason } = await client.closed;
  if (code !== 1000) throw new Error(`closed with ${code} ${reason}: ${JSON.stringify(client.events.at(-1))}`);
  return client.events;
}

export const finalsOf = (events: readonly LiveEvent[]): readonly Event<"final">[] =>
  events.filter((event) => event.type === "final");

export const textsOf = (events: readonly LiveEvent[]): readonly string[] =>
  finalsOf(events).map(({ segment }) => segment.text);
