import { once } from "node:events";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";

export interface RealtimeEvent {
  readonly type: string;
  readonly event_id: string;
  readonly item_id?: string;
  readonly [field: string]: unknown;
}

/** A bare client: what it says and what it is told, and nothing else. */
export interface RealtimeClient {
  readonly socket: WebSocket;
  readonly seen: RealtimeEvent[];
  say(type: string, fields?: object): void;
  /** Sends samples as 16-bit PCM, in messages of so many bytes. */
  append(bytes: Uint8Array, pieceBytes?: number): void;
  /** The first event from now on, or that came and was not waited for yet, that fits. */
  until(type: string, fits?: (event: RealtimeEvent) => boolean): Promise<RealtimeEvent>;
  closed(): Promise<{ readonly code: number; readonly reason: string }>;
}

export async function connectRealtime(
  t: Pick<TestContext, "after">,
  url: string,
  { query = "?intent=transcription", protocols = [] as string[], headers = {} } = {},
): Promise<RealtimeClient> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/realtime${query}`, protocols, { headers });
  t.after(() => socket.terminate());
  const seen: RealtimeEvent[] = [];
  let read = 0;
  let wake = Promise.withResolvers<void>();
  const closing = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
  });
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  socket.on("message", (data: Buffer) => {
    seen.push(JSON.parse(data.toString("utf8")) as RealtimeEvent);
    stir();
  });
  socket.on("error", () => undefined);
  void closing.then(stir);
  await once(socket, "open");
  const client: RealtimeClient = {
    socket,
    seen,
    say: (type, fields = {}) => socket.send(JSON.stringify({ type, ...fields })),
    append(bytes, pieceBytes = 4800) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const audio = Buffer.from(bytes.subarray(at, at + pieceBytes)).toString("base64");
        client.say("input_audio_buffer.append", { audio });
      }
    },
    async until(type, fits = () => true) {
      for (;;) {
        for (; read < seen.length; ) {
          const event = seen[read++];
          if (event?.type === type && fits(event)) return event;
        }
        if (socket.readyState === socket.CLOSED) throw new Error(`closed before ${type}: ${JSON.stringify(seen)}`);
        await wake.promise;
      }
    },
    closed: () => closing,
  };
  return client;
}

/** Samples at 16 kHz as 16-bit PCM at 24 kHz. */
export function pcm24k(samples: Float32Array): Uint8Array {
  const values = Int16Array.from({ length: Math.floor(samples.length * 1.5) }, (_, at) => {
    const place = at / 1.5;
    const before = Math.floor(place);
    const [a, b] = [samples[before] ?? 0, samples[before + 1] ?? 0];
    return Math.round((a + (b - a) * (place - before)) * 32_000);
  });
  return new Uint8Array(values.buffer);
}

/** Every second sample of 16 kHz, in the laws of telephony (ITU-T G.711). */
export const mulaw8k = (samples: Float32Array): Uint8Array => lawOf(samples, mulawByte);
export const alaw8k = (samples: Float32Array): Uint8Array => lawOf(samples, alawByte);

function lawOf(samples: Float32Array, byte: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: samples.length >> 1 }, (_, at) => byte(Math.round((samples[at * 2] ?? 0) * 32_000)));
}

function mulawByte(value: number): number {
  const sign = value < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(value), 32_635) + 132;
  const exponent = Math.floor(Math.log2(biased)) - 7;
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff;
}

function alawByte(value: number): number {
  const sign = value >= 0 ? 0x80 : 0;
  const size = Math.min(Math.abs(value), 32_635) >> 4;
  const exponent = size < 32 ? 0 : Math.floor(Math.log2(size)) - 4;
  const mantissa = exponent === 0 ? (size >> 1) & 0x0f : (size >> exponent) & 0x0f;
  const code = size < 32 ? size >> 1 : (exponent << 4) | mantissa;
  return (sign | code) ^ 0x55;
}
