/** Entry of a worker thread of the audio decoder: steps in, answers out, one at a time, nothing remembered. */
import { parentPort } from "node:worker_threads";
import { Kernels } from "./resample.ts";
import { answerIndex, answerStep, buffersOf } from "./step.ts";
import type { Cancel, IndexStep, Step } from "./wire.ts";

const kernels = new Kernels();

// Decoders report bad packets there; a hostile file must not fill the server's log.
console.error = () => undefined;

let current = new AbortController();

parentPort?.on("message", (message: Step | IndexStep | Cancel) => {
  // Of a step that is over: then nothing listens, and the next one has a controller of its own.
  if ("cancel" in message) return current.abort();
  current = new AbortController();
  void answer(message, current.signal);
});

async function answer(step: Step | IndexStep, signal: AbortSignal): Promise<void> {
  const result = "file" in step ? answerIndex(step) : await answerStep(step, kernels, signal);
  parentPort?.postMessage(result, buffersOf(result));
}
