/** Entry of a worker thread of the audio decoder: steps in, answers out, one at a time, nothing remembered. */
import { parentPort } from "node:worker_threads";
import { Kernels } from "./resample.ts";
import { answerStep, buffersOf } from "./step.ts";
import type { Step } from "./wire.ts";

const kernels = new Kernels();

parentPort?.on("message", (step: Step) => {
  const answer = answerStep(step, kernels);
  parentPort?.postMessage(answer, buffersOf(answer));
});
