import type { LiveEvent } from "@voxpool/client/contract";
import { pcmBytes } from "../../test/fixtures/wav.ts";

/** What a session said, and when: ms since its first sample was spoken. */
export interface LiveTrace {
  readonly events: readonly { readonly event: LiveEvent; readonly atMs: number }[];
}

const rateHz = 16_000;
const chunkSeconds = 0.1;

/** Speaks samples into `WS /api/stream` as fast as they were spoken, as a microphone does. */
export async function listenLive(url: string, samples: Float32Array, options: object = {}): Promise<LiveTrace> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/api/stream`);
  const events: { event: LiveEvent; atMs: number }[] = [];
  let begunAt = 0;
  const ready = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  over.promise.catch(() => undefined);
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify({ type: "start", sample_rate: rateHz, ...options })),
  );
  socket.addEventListener("error", () => over.reject(new Error(`no WebSocket at ${url}`)));
  socket.addEventListener("close", ({ code }) => over.reject(new Error(`closed with ${code}`)));
  socket.addEventListener("message", ({ data }) => {
    const event = JSON.parse(String(data)) as LiveEvent;
    events.push({ event, atMs: performance.now() - begunAt });
    if (event.type === "ready") ready.resolve();
    if (event.type === "ended") over.resolve();
    if (event.type === "error") over.reject(new Error(event.message));
  });
  await Promise.race([ready.promise, over.promise]);
  begunAt = performance.now();
  await pace(samples, begunAt, (chunk) => socket.send(new Uint8Array(pcmBytes(chunk))));
  socket.send(JSON.stringify({ type: "end" }));
  await over.promise;
  socket.close();
  return { events };
}

/** How long behind the pause that ended each utterance its final came. Those that the end of the input ended are left out. */
export function finalDelaysMs({ events }: LiveTrace, silenceMs: number): readonly number[] {
  return events.flatMap(({ event, atMs }) =>
    event.type === "final" ? [atMs - (event.segment.end * 1000 + silenceMs)] : [],
  );
}

/** Gives chunks out when they have been spoken. */
async function pace(samples: Float32Array, begunAt: number, send: (chunk: Float32Array) => void): Promise<void> {
  const step = chunkSeconds * rateHz;
  for (let at = 0; at < samples.length; at += step) {
    const due = begunAt + (1000 * Math.min(at + step, samples.length)) / rateHz;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    send(samples.subarray(at, at + step));
  }
}
