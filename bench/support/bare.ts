import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { EngineAssets, ModelSpec } from "../../packages/server/dist/engine/engine.js";
import type { Bench } from "./case.ts";
import { plainScript } from "./plain-script.ts";
import { end } from "./processes.ts";
import type { Recording } from "./recordings.ts";

export type BareRequest =
  | {
      readonly type: "load";
      readonly spec: ModelSpec;
      readonly assets: EngineAssets;
      readonly files: readonly string[];
    }
  | {
      readonly type: "recognize";
      /** Indices into the files; each as often as it is to be recognised. */
      readonly recordings: readonly number[];
      readonly atOnce: number;
    };

export type BareAnswer = { readonly ms: number; readonly texts: readonly string[] } | { readonly error: string };

/** A process with the bare engine and a copy of the model. */
export interface Bare {
  readonly pid: number;
  /** Recognises recordings of those it was started with, so many at once; times exclude the way to it. */
  recognize(recordings: readonly number[], atOnce: number): Promise<{ ms: number; texts: readonly string[] }>;
  stop(): Promise<void>;
}

const entry = join(import.meta.dirname, "bare-process.ts");

/** Starts it and loads the model. */
export async function startBare(
  { model: { spec, assets }, temporaryDirectory }: Bench,
  recordings: readonly Recording[],
): Promise<Bare> {
  const child = fork(plainScript(entry, join(temporaryDirectory, "bare")), [], {
    // As a host has it: as many decode threads as cores.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism()) },
  });
  const ask = (request: BareRequest): Promise<Exclude<BareAnswer, { error: string }>> =>
    new Promise((resolve, reject) => {
      const gone = (code: number | null, signal: string | null) =>
        reject(new Error(`the bare engine ended with ${code ?? signal}`));
      child.once("exit", gone);
      child.once("message", (answer: BareAnswer) => {
        child.off("exit", gone);
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer);
      });
      child.send(request);
    });
  const stop = () => end(child);
  try {
    await ask({ type: "load", spec, assets, files: recordings.map(({ file }) => file) });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    recognize: (indices, atOnce) => ask({ type: "recognize", recordings: indices, atOnce }),
    stop,
  };
}
