import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Config } from "../../dist/base/settings.js";
import { readEvents, type WyomingEvent } from "../../dist/gateway/wyoming/frames.js";
import { type ModelContent, type Running, startRunning } from "../server/running.ts";

/** A connection that talks events. */
export interface Client {
  readonly socket: Socket;
  /** Resolves when the connection is gone, however it went. */
  readonly closed: Promise<void>;
  readonly send: (type: string, data?: object, payload?: Uint8Array) => void;
  /** The next event; undefined when the server has ended the connection. */
  readonly next: () => Promise<WyomingEvent | undefined>;
  /** All events up to one of this type. */
  readonly until: (type: string) => Promise<WyomingEvent[]>;
  /** Says an utterance, as Home Assistant does; the events up to its transcript. */
  readonly say: (samples: Int16Array, wish?: object) => Promise<WyomingEvent[]>;
}

export interface RunningWyoming extends Running {
  readonly path: string;
  readonly open: () => Promise<Client>;
}

export const format = { rate: 16_000, width: 2, channels: 1 };

/** A server with a Wyoming socket, and models. */
export async function startWyoming(
  t: TestContext,
  models: Readonly<Record<string, ModelContent>>,
  config: Partial<Config> = {},
): Promise<RunningWyoming> {
  const folder = mkdtempSync(join(tmpdir(), "voxpool-wyoming-"));
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${folder.replaceAll(/\W/g, "-")}` : join(folder, "socket");
  const running = await startRunning(t, models, { "wyoming.socket": path, ...config });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { ...running, path, open: () => openClient(t, path) };
}

/** @param where a port of this machine, or the path of a socket */
export async function openClient(t: TestContext, where: number | string): Promise<Client> {
  const socket = typeof where === "number" ? connect(where, "127.0.0.1") : connect(where);
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await once(socket, "connect");
  const events = readEvents(readable(socket));
  const send: Client["send"] = (type, data = {}, payload = new Uint8Array()) => {
    const lengths = payload.length === 0 ? {} : { payload_length: payload.length };
    socket.write(Buffer.concat([Buffer.from(`${JSON.stringify({ type, data, ...lengths })}\n`), payload]));
  };
  const next: Client["next"] = async () => {
    const { value, done } = await events.next();
    return done === true ? undefined : value;
  };
  const until: Client["until"] = async (type) => {
    const seen: WyomingEvent[] = [];
    for (let event = await next(); event !== undefined; event = await next()) {
      seen.push(event);
      if (event.type === type) return seen;
    }
    throw new Error(`the connection ended before ${type}: ${JSON.stringify(seen)}`);
  };
  return {
    socket,
    closed,
    send,
    next,
    until,
    say(samples, wish = {}) {
      send("transcribe", wish);
      send("audio-start", { ...format, timestamp: 0 });
      for (let at = 0; at < samples.length; at += 1024) {
        const piece = samples.subarray(at, at + 1024);
        send("audio-chunk", format, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      }
      send("audio-stop", { timestamp: 1 });
      return until("transcript");
    },
  };
}

/** A connection that was reset has ended. */
async function* readable(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    yield* socket as AsyncIterable<Buffer>;
  } catch {
    // nothing follows
  }
}

export function toInt16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (value) => Math.max(-32_768, Math.min(32_767, Math.round(value * 32_767))));
}

export const textOf = (events: readonly WyomingEvent[]): unknown =>
  events.find(({ type }) => type === "transcript")?.data.text;
