import { join } from "node:path";
import type { Bench, BenchCase } from "../support/case.ts";
import { HttpClient } from "../support/http.ts";
import { loadedModel } from "../support/loaded.ts";
import { copyAssets, copyModel, writeFakeModel } from "../support/own-models.ts";
import type { Recording } from "../support/recordings.ts";
import { startServerWith } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

/** When the process is killed, as a share of what the undisturbed request takes. */
const killAt = 0.5;

/** How long somebody waits longer whose model's process is killed in the middle of a decode. */
export const recovery: BenchCase = {
  name: "recovery",
  async run(bench) {
    const { directory, stateDirectory, modelPath, recording } = prepare(bench);
    const server = await startServerWith({
      modelDirectories: [directory],
      stateDirectory,
      defaultModel: modelPath,
      temporaryDirectory: bench.temporaryDirectory,
      settings: { "engine.fake": "true" },
    });
    const client = new HttpClient(server.url, 2);
    const undisturbed: number[] = [];
    const replayed: number[] = [];
    try {
      await client.transcribe(recording, { model_path: modelPath });
      for (let round = 0; round < bench.runs; round += 1) {
        const before = await client.transcribe(recording, { model_path: modelPath });
        undisturbed.push(before.ms);
        const after = await killed(client, modelPath, recording, median(undisturbed) * killAt);
        if (after.body.text !== before.body.text) throw new Error("the replayed answer has other words");
        replayed.push(after.ms);
      }
    } finally {
      client.close();
      await server.stop();
    }
    return [
      {
        what: "Time that a SIGKILL in the middle of a decode adds to the answer",
        figure: `${spread(replayed, 0)} against ${spread(undisturbed, 0)} ms`,
        value: median(replayed) - median(undisturbed),
        unit: "ms",
        note:
          `A recording of ${recording.seconds.toFixed(1)} s; the process is killed after half of the usual time. The ` +
          "rest: a new process that loads the model and is warmed up, and the decode from the start.",
      },
    ];
  },
};

/** The tone model is too fast to be met in the middle: a slow fake one stands for it. */
function prepare({ smoke, model, recordings, temporaryDirectory }: Bench) {
  const directory = join(temporaryDirectory, "recovery-models");
  const stateDirectory = join(temporaryDirectory, "recovery-state");
  if (smoke) writeFakeModel(join(directory, "one"), { decodeMs: 400 });
  else copyModel(model, join(directory, "one"));
  copyAssets(model, stateDirectory);
  const [longest] = recordings.toSorted((a, b) => b.seconds - a.seconds);
  if (longest === undefined) throw new Error("no recordings");
  return { directory, stateDirectory, modelPath: `${directory}/one`, recording: longest };
}

/** @throws Error when the answer came from the process that was killed */
async function killed(client: HttpClient, modelPath: string, recording: Recording, afterMs: number) {
  const { pid, restarts } = await loadedModel(client, modelPath);
  const answer = client.transcribe(recording, { model_path: modelPath });
  answer.catch(() => undefined); // it is awaited below
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  process.kill(pid, "SIGKILL");
  const answered = await answer;
  const now = await loadedModel(client, modelPath);
  if (now.pid === pid || now.restarts === restarts) throw new Error("the answer came from the killed process");
  return answered;
}
