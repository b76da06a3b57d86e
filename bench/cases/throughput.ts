import { type Bare, startBare } from "../support/bare.ts";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { concurrently, inTurn } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { type Recording, repeated, totalSeconds } from "../support/recordings.ts";
import { startServer } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const atOnce = 8;

/** Files through HTTP at saturation against the same engine and segmenter with nothing around them. */
export const throughput: BenchCase = {
  name: "throughput",
  async run(bench) {
    const server = await startServer(bench);
    const bare = await startBare(bench, bench.recordings);
    const client = new HttpClient(server.url, atOnce);
    try {
      return [await measure(bench, client, bare)];
    } finally {
      client.close();
      await Promise.all([bare.stop(), server.stop()]);
    }
  },
};

async function measure(bench: Bench, client: HttpClient, bare: Bare): Promise<Measurement> {
  const files = repeated(bench.recordings, bench.smoke ? 4 : 60);
  const indices = files.map((file) => bench.recordings.indexOf(file));
  const speeds = { http: [] as number[], bare: [] as number[], ratio: [] as number[] };
  let otherTexts = 0;
  const round = async (number: number): Promise<{ http: number; bare: number }> => {
    const [http, direct] = await inTurn(
      number,
      () => throughHttp(bench, client, files),
      () => bare.recognize(indices, atOnce),
    );
    otherTexts = bench.recordings.filter((_, index) => !isSame(http.texts[index], direct.texts[index])).length;
    return { http: totalSeconds(files) / http.seconds, bare: totalSeconds(files) / (direct.ms / 1000) };
  };
  if (!bench.smoke) await round(0); // the first is slower on both sides
  for (let run = 0; run < bench.runs; run += 1) {
    const speed = await round(run);
    speeds.http.push(speed.http);
    speeds.bare.push(speed.bare);
    speeds.ratio.push(speed.http / speed.bare);
    bench.say(`throughput: HTTP ${speed.http.toFixed(1)}, bare ${speed.bare.toFixed(1)}`);
  }
  return {
    what: `Throughput through HTTP, ${atOnce} files at once, over the bare engine`,
    figure: `${spread(speeds.http)} against ${spread(speeds.bare)} times real time`,
    value: median(speeds.ratio),
    unit: "",
    goal: { kind: "at least", value: 0.97 },
    note:
      `${files.length} files, ${totalSeconds(files).toFixed(0)} s of audio, raw WAV bodies, keep-alive; ` +
      `median of the ratios of ${bench.runs} pairs; ${otherTexts} of ${bench.recordings.length} texts differ. ` +
      "The client and the server's own process share the cores with the decodes; the bare engine has them alone.",
  };
}

async function throughHttp(
  bench: Bench,
  client: HttpClient,
  files: readonly Recording[],
): Promise<{ seconds: number; texts: readonly string[] }> {
  const texts: string[] = [];
  const begun = performance.now();
  await concurrently(files, atOnce, async (recording) => {
    const { body } = await client.transcribe(recording, { model_path: bench.model.modelPath });
    texts[bench.recordings.indexOf(recording)] = String(body.text);
  });
  return { seconds: (performance.now() - begun) / 1000, texts };
}

const isSame = (one: string | undefined, other: string | undefined): boolean => words(one) === words(other);

const words = (text = ""): string => text.trim().split(/\s+/).join(" ");
