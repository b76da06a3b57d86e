/** A worker that reads audio as the real one does, until the sound begins with a magic word. */
import { parentPort } from "node:worker_threads";
import { Kernels } from "../../dist/audio/resample.js";
import { answerStep, buffersOf } from "../../dist/audio/step.js";
import type { Step } from "../../dist/audio/wire.js";

const kernels = new Kernels();

const deeds: Readonly<Record<string, () => void>> = {
  HANG: () => {
    for (;;);
  },
  EXIT: () => process.exit(3),
  THROW: () => {
    throw new Error("thrown in a worker");
  },
  HEAP: () => {
    const hoard: number[][] = [];
    for (;;) hoard.push(Array.from({ length: 100_000 }, Math.random));
  },
};

parentPort?.on("message", async (step: Step) => {
  const text = Buffer.from(step.bytes.subarray(0, 64)).toString("latin1");
  for (const [word, deed] of Object.entries(deeds)) if (text.includes(word)) deed();
  const answer = await answerStep(step, kernels);
  parentPort?.postMessage(answer, buffersOf(answer));
});
