/** Entry of a worker thread of the audio decoder: steps in, answers out, one at a time, nothing remembered. */
import { parentPort } from "node:worker_threads";
import { Kernels } from "./resample.ts";
import { answerIndex, answerStep, buffersOf } from "./step.ts";
import type { IndexStep, Step } from "./wire.ts";

const kernels = new Kernels();

// Decoders report bad packets there; a hostile file must not fill the server's log.
console.error = () => undefined;

parentPort?.on("message", (step: Step | IndexStep) => void answer(step));

async function answer(step: Step | IndexStep): Promise<void> {
  const result = "file" in step ? answerIndex(step) : await answerStep(step, kernels);
  parentPort?.postMessage(result, buffersOf(result));
}
