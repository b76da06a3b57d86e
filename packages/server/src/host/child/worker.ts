/** The engine thread of a host: loads the model, cuts samples, decodes. May block; the main thread never does. */
import { Socket } from "node:net";
import { type MessagePort, parentPort } from "node:worker_threads";
import { VoxpoolError } from "../../base/errors.ts";
import { preflight } from "../../engine/detect/preflight.ts";
import type { Engine, TextEngine } from "../../engine/engine.ts";
import { loadEngine } from "../../engine/load.ts";
import { createSegmenterPool } from "../../engine/vad/segmenters.ts";
import { type FromHost, sampleFd, type ToHost } from "../wire.ts";
import { DecodeClock } from "./decode-clock.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FromWorker, ToWorker } from "./relay.ts";
import { failureOf } from "./session.ts";
import { type Loaded, Sessions } from "./sessions.ts";
import { Turns } from "./turns.ts";

type Load = Extract<ToHost, { type: "load" }>;

if (!parentPort) throw new Error("the engine thread of a host is started by its main thread");
serve(parentPort);

function serve(port: MessagePort): void {
  const post = (message: FromWorker): void => port.postMessage(message);
  let sessions: Sessions | undefined;
  let text: TextEngine | undefined;
  const started = (loaded: Loaded, threads: number): void => {
    if (loaded.input === "text") text = loaded.engine;
    sessions = new Sessions(loaded, { post, clock: new DecodeClock(threads), turns: new Turns() });
    readSamples(sessions);
    post({ type: "loaded", info: loaded.engine.info });
  };
  port.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "ping":
        post({ type: "pong" });
        break;
      case "load":
        void load(message, post, started);
        break;
      case "open":
        sessions?.open(message.session, message.options);
        break;
      case "grant":
        sessions?.grant(message.session, message.work);
        break;
      case "partials":
        sessions?.wantPartials(message.session, message.wanted);
        break;
      case "cancel":
        sessions?.cancel(message.session);
        break;
      case "text":
        void punctuate(text, message, post);
        break;
    }
  });
}

async function load(
  message: Load,
  post: (message: FromHost) => void,
  started: (loaded: Loaded, threads: number) => void,
): Promise<void> {
  const { spec, assets, threads } = message;
  try {
    await preflight(spec);
    const engine = await loadEngine(spec, assets);
    started(loadedWith(engine, message), threads);
  } catch (error) {
    post({ type: "load_failed", error: failureOf(error, "model_load_failed") });
  }
}

function loadedWith(engine: Engine, { spec, assets }: Load): Loaded {
  if (engine.input === "frames") return { input: "frames", engine };
  if (engine.input === "text") return { input: "text", engine };
  const segmenters = createSegmenterPool(spec.segmenter, assets, engine.info.maxSegmentSeconds);
  return { input: "segments", engine, segmenters };
}

async function punctuate(
  engine: TextEngine | undefined,
  { number, text }: Extract<ToHost, { type: "text" }>,
  post: (message: FromHost) => void,
): Promise<void> {
  const begunAt = performance.now();
  try {
    if (engine === undefined) throw new VoxpoolError("capability_missing", { capability: "punctuation" });
    const punctuated = await engine.punctuate(text);
    post({ type: "text_done", number, text: punctuated, seconds: (performance.now() - begunAt) / 1000 });
  } catch (error) {
    post({ type: "text_failed", number, error: failureOf(error, "decode_failed") });
  }
}

/**
 * The thread reads the pipe itself: samples then take no way round by the main thread, and a busy engine thread
 * fills the pipe, which is what holds the parent back.
 */
function readSamples(sessions: Sessions): void {
  const reader = new FrameReader(
    (session, samples) => sessions.frame(session, samples),
    (session) => sessions.flush(session),
  );
  const pipe = new Socket({ fd: sampleFd, readable: true, writable: false });
  // An error thrown here ends the thread, and with it the process.
  pipe.on("data", (bytes) => reader.push(bytes));
}
