import { join } from "node:path";
import type { Bench, BenchCase, Measurement } from "../support/case.ts";
import { writeCertificate } from "../support/certificate.ts";
import { concurrently } from "../support/concurrent.ts";
import { HttpClient } from "../support/http.ts";
import { httpLoad } from "../support/http-load.ts";
import { createKey } from "../support/keys.ts";
import { copyAssets } from "../support/own-models.ts";
import { repeated, totalSeconds } from "../support/recordings.ts";
import { type BenchServer, startServerWith } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const connections = 16;
const atOnce = 8;
const scrapeMs = 1000;

/** What a server in production has on, beside one that has nothing on. */
interface Variant {
  readonly name: string;
  readonly hasKeys: boolean;
  readonly hasTls: boolean;
  readonly isLogged: boolean;
  readonly isScraped: boolean;
}

const bare: Variant = { name: "nothing", hasKeys: false, hasTls: false, isLogged: false, isScraped: false };

const variants: readonly Variant[] = [
  { ...bare, name: "keys", hasKeys: true },
  { ...bare, name: "TLS", hasTls: true },
  { ...bare, name: "log lines to a file", isLogged: true },
  { ...bare, name: "metrics that are scraped each second", isScraped: true },
  { name: "all of it", hasKeys: true, hasTls: true, isLogged: true, isScraped: true },
];

/** What authentication, TLS, logs and metrics cost. */
export const guarded: BenchCase = {
  name: "guarded",
  async run(bench) {
    const plain = await Side.start(bench, bare);
    try {
      const rows: Measurement[] = [];
      for (const variant of bench.smoke ? variants.slice(-1) : variants)
        rows.push(...(await compare(bench, plain, variant)));
      return rows;
    } finally {
      await plain.stop();
    }
  },
};

async function compare(bench: Bench, plain: Side, variant: Variant): Promise<readonly Measurement[]> {
  const side = await Side.start(bench, variant);
  try {
    const requests = await ratios(bench, `${variant.name}, requests`, [side, plain], (one) => one.requests());
    if (variant !== variants.at(-1)) return [requestRow(bench, variant, requests)];
    const speech = await ratios(bench, `${variant.name}, speech`, [side, plain], (one) => one.recognise());
    return [requestRow(bench, variant, requests), speechRow(bench, speech)];
  } finally {
    await side.stop();
  }
}

interface Compared {
  readonly own: readonly number[];
  readonly plain: readonly number[];
  readonly ratio: number;
}

async function ratios(
  bench: Bench,
  name: string,
  [side, plain]: readonly [Side, Side],
  measure: (side: Side) => Promise<number>,
): Promise<Compared> {
  const figures = { own: [] as number[], plain: [] as number[], ratios: [] as number[] };
  if (!bench.smoke) for (const one of [side, plain]) await measure(one); // warms up
  for (let run = 0; run < bench.runs; run += 1) {
    const before = await measure(plain);
    const own = await measure(side);
    const other = (before + (await measure(plain))) / 2;
    figures.own.push(own);
    figures.plain.push(other);
    figures.ratios.push(own / other);
    bench.say(`guarded: ${name}: ${own.toFixed(0)} against ${other.toFixed(0)}`);
  }
  return { own: figures.own, plain: figures.plain, ratio: median(figures.ratios) };
}

function requestRow({ smoke }: Bench, { name }: Variant, { own, plain, ratio }: Compared): Measurement {
  return {
    what: `Small requests with ${name}, over a server without`,
    figure: `${spread(own, 0)} against ${spread(plain, 0)} requests/s`,
    value: ratio,
    unit: "",
    ...(name === variants.at(-1)?.name && { goal: { kind: "at least", value: 0.6 } as const }),
    note: `GET /api/models, ${connections} connections, ${smoke ? 1 : 3} s a run; ${httpLoad().title}.`,
  };
}

function speechRow({ smoke, recordings }: Bench, { own, plain, ratio }: Compared): Measurement {
  return {
    what: "Recognition with all of it, over a server without",
    figure: `${spread(own)} against ${spread(plain)} times real time`,
    value: ratio,
    unit: "",
    goal: { kind: "at least", value: 0.97 },
    note: `${speechFiles(smoke, recordings).length} recordings, ${atOnce} at once.`,
  };
}

const speechFiles = (smoke: boolean, recordings: Bench["recordings"]) => repeated(recordings, smoke ? 4 : 30);

/** A server, and how it is asked. */
class Side {
  readonly #bench: Bench;
  readonly #server: BenchServer;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tls: boolean;
  readonly #scraping: NodeJS.Timeout | undefined;

  private constructor(bench: Bench, server: BenchServer, variant: Variant, headers: Readonly<Record<string, string>>) {
    this.#bench = bench;
    this.#server = server;
    this.#headers = headers;
    this.#tls = variant.hasTls;
    if (variant.isScraped) this.#scraping = setInterval(() => void this.#scrape(), scrapeMs);
  }

  static async start(bench: Bench, variant: Variant): Promise<Side> {
    const { model, temporaryDirectory } = bench;
    const stateDirectory = join(temporaryDirectory, `guarded-${variant.name.replaceAll(" ", "-")}`);
    copyAssets(model, stateDirectory);
    const log: Record<string, string> = variant.isLogged
      ? { "log.file": join(stateDirectory, "voxpool.log") }
      : { "log.level": "silent" };
    const server = await startServerWith({
      modelDirectories: [model.modelDirectory],
      stateDirectory,
      defaultModel: model.modelPath,
      temporaryDirectory,
      settings: {
        ...log,
        ...(variant.hasTls && writeCertificate(stateDirectory)),
        ...(variant.hasKeys && { "auth.required": "true" }),
      },
    });
    try {
      const secret = variant.hasKeys && (await createKey(stateDirectory, "bench", ["recognize", "read"]));
      return new Side(bench, server, variant, secret ? { authorization: `Bearer ${secret}` } : {});
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A second. */
  requests(): Promise<number> {
    const target = { port: this.#server.port, path: "/api/models", headers: this.#headers, tls: this.#tls };
    return httpLoad().run(target, connections, this.#bench.smoke ? 1 : 3);
  }

  /** Seconds of audio a second. */
  async recognise(): Promise<number> {
    const files = speechFiles(this.#bench.smoke, this.#bench.recordings);
    const client = new HttpClient(this.#server.url, atOnce, this.#headers);
    const begun = performance.now();
    try {
      await concurrently(files, atOnce, async (recording) => {
        await client.transcribe(recording, { model_path: this.#bench.model.modelPath });
      });
      return totalSeconds(files) / ((performance.now() - begun) / 1000);
    } finally {
      client.close();
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#scraping);
    await this.#server.stop();
  }

  async #scrape(): Promise<void> {
    const client = new HttpClient(this.#server.url, 1, this.#headers);
    await client.look("/metrics");
    client.close();
  }
}
