import { toneSignal } from "../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../test/fixtures/wav.ts";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { concurrently } from "../support/concurrent.ts";
import { megabytes, needProportionalMemory, treeMemoryBytes } from "../support/memory.ts";
import { toneModel } from "../support/model.ts";
import { type BenchServer, startServerWith } from "../support/server.ts";

const chunkSeconds = 0.2;
const text = "hello there";

/** A thousand people connected at once: what each costs when silent, and when they speak. */
export const liveMany: BenchCase = {
  name: "live-many",
  async run(bench) {
    needProportionalMemory();
    const count = bench.smoke ? 20 : 1000;
    const model = bench.smoke ? bench.model : await toneModel(bench.temporaryDirectory);
    const server = await startServerWith({
      modelDirectories: [model.modelDirectory],
      stateDirectory: model.stateDirectory,
      defaultModel: model.modelPath,
      temporaryDirectory: bench.temporaryDirectory,
      settings: Object.fromEntries(
        ["limits.live_sessions", "limits.sessions", "limits.sessions_per_client"].map((key) => [key, "5000"]),
      ),
    });
    try {
      return await measure(bench, server, count);
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, server: BenchServer, count: number): Promise<readonly Measurement[]> {
  await lag(server); // a reading begins the next interval
  const before = await settledBytes(server);
  const sessions: Session[] = [];
  await concurrently(Array.from({ length: count }), 20, async () => {
    sessions.push(await Session.open(server.url));
  });
  const idle = await settledBytes(server);
  await lag(server);
  await later(bench.smoke ? 500 : 10_000);
  const idleLag = await lag(server);
  const begun = performance.now();
  const spoken = toneSignal(text);
  await Promise.all(sessions.map((session, index) => session.speak(spoken, (index / count) * chunkSeconds * 1000)));
  const speakingSeconds = (performance.now() - begun) / 1000;
  const speakingLag = await lag(server);
  const after = await settledBytes(server);
  const finals = sessions.map((session) => session.text);
  const wrong = finals.filter((final) => final !== text).length;
  const lateMs = Math.max(...sessions.map((session) => session.lateMs));
  for (const session of sessions) session.close();
  const seconds = spoken.length / 16_000;
  return [
    {
      what: `Live, ${count} idle sessions: memory of each`,
      figure: `${kilobytes((idle - before) / count)} (${megabytes(before).toFixed(0)} to ${megabytes(idle).toFixed(0)} MB)`,
      value: undefined,
      unit: "",
      note: `PSS of the server's process tree; the tone model. Event-loop lag p99 ${idleLag.toFixed(1)} ms.`,
    },
    {
      what: `Live, ${count} sessions that speak: memory of each after their words`,
      figure: kilobytes((after - before) / count),
      value: undefined,
      unit: "",
      note:
        `${seconds.toFixed(1)} s of tones at real-time pace in chunks of ${chunkSeconds * 1000} ms took ${speakingSeconds.toFixed(1)} s; ` +
        `the last final came ${(lateMs / 1000).toFixed(1)} s behind its speaker; ${wrong} wrong texts. ` +
        `Event-loop lag p99 ${speakingLag.toFixed(0)} ms. The client shares the cores.`,
    },
  ];
}

const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(0)} KB`;

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Garbage that was not collected yet is none of a session's. */
async function settledBytes({ pid }: BenchServer): Promise<number> {
  await later(3000);
  return treeMemoryBytes([pid]);
}

/** What the server says of its event loop since it was last asked: p99, ms. */
async function lag({ url }: BenchServer): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return 1000 * Number(/^nodejs_eventloop_lag_p99_seconds ([\d.e+-]+)$/m.exec(metrics)?.[1]);
}

/** One who is connected. */
class Session {
  /** What was heard. */
  text = "";
  /** From the end of what it said to the end of the session. */
  lateMs = 0;
  readonly #socket: WebSocket;
  readonly #ready = Promise.withResolvers<void>();
  readonly #heard = Promise.withResolvers<void>();

  private constructor(url: string) {
    this.#heard.promise.catch(() => undefined);
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/api/stream`);
    this.#socket.addEventListener("open", () =>
      this.#socket.send(JSON.stringify({ type: "start", sample_rate: 16_000, partials: false })),
    );
    this.#socket.addEventListener("message", ({ data }) => {
      const event = JSON.parse(String(data)) as { type: string; message?: string; segment?: { text: string } };
      if (event.type === "ready") this.#ready.resolve();
      if (event.type === "final") this.text += event.segment?.text ?? "";
      if (event.type === "finalized") this.#heard.resolve();
      if (event.type === "error") this.#fail(event.message ?? "");
    });
    this.#socket.addEventListener("close", () => this.#fail("the connection ended"));
  }

  static async open(url: string): Promise<Session> {
    const session = new Session(url);
    await session.#ready.promise;
    return session;
  }

  /** Speaks at the pace of speech; who begin at different moments do not all send at once. */
  async speak(samples: Float32Array, delayMs: number): Promise<void> {
    await later(delayMs);
    const step = chunkSeconds * 16_000;
    const begun = performance.now();
    for (let at = 0; at < samples.length; at += step) {
      await later(Math.max(0, begun + (1000 * at) / 16_000 - performance.now()));
      this.#socket.send(new Uint8Array(pcmBytes(samples.subarray(at, at + step))));
    }
    this.#socket.send('{"type":"finalize"}');
    const saidAt = performance.now();
    await this.#heard.promise;
    this.lateMs = performance.now() - saidAt;
  }

  close(): void {
    this.#socket.close();
  }

  #fail(message: string): void {
    this.#ready.reject(new Error(message));
    this.#heard.reject(new Error(message));
  }
}
