/** A worker that reads audio as the real one does, until the sound begins with a magic word. */
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { BroadcastChannel, parentPort } from "node:worker_threads";
import { Kernels } from "../../dist/audio/resample.js";
import { answerStep, buffersOf } from "../../dist/audio/step.js";
import type { Step } from "../../dist/audio/wire.js";

const kernels = new Kernels();

const deeds: Readonly<Record<string, (text: string) => unknown>> = {
  HANG: () => {
    for (;;);
  },
  /** Hangs for the first time, which leaves the file that is named behind the word. */
  ONCE: (text) => {
    const [, path = ""] = text.split("|");
    if (existsSync(path)) return;
    writeFileSync(path, "");
    for (;;);
  },
  /** Waits for a word of somebody else, and works no more than one that is kept from it. */
  WAIT: async () => {
    const channel = new BroadcastChannel("bad-worker");
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is no window
    channel.postMessage("waiting");
    await once(channel as unknown as EventTarget, "message");
    channel.close();
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
  const text = Buffer.from(step.bytes.subarray(0, 200)).toString("latin1");
  for (const [word, deed] of Object.entries(deeds)) if (text.includes(word)) await deed(text);
  const answer = await answerStep(step, kernels);
  parentPort?.postMessage(answer, buffersOf(answer));
});
