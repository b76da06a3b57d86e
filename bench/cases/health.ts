import { join } from "node:path";
import { freePort } from "../../test/fixtures/free-port.ts";
import type { Bench, BenchCase } from "../support/case.ts";
import { httpLoad } from "../support/http-load.ts";
import { type Started, startProcess } from "../support/processes.ts";
import { pythonPrograms } from "../support/python.ts";
import { startServer } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const connections = 16;
const workers = 4;
const packages = ["Flask==3.1.3", "gunicorn==27.0.1"];

/** The smallest answer there is, with everything that is around each request. */
export const health: BenchCase = {
  name: "health",
  async run(bench) {
    const flask = await startFlask(bench);
    try {
      const server = await startServer(bench);
      try {
        return [await measure(bench, server.port, flask.port)];
      } finally {
        await server.stop();
      }
    } finally {
      await flask.stop();
    }
  },
};

async function measure(bench: Bench, ownPort: number, flaskPort: number) {
  const load = httpLoad();
  const seconds = bench.smoke ? 1 : 5;
  const ask = (port: number) => load.run({ port, path: "/api/health" }, connections, seconds);
  const rates = { own: [] as number[], flask: [] as number[], ratio: [] as number[] };
  if (!bench.smoke) await Promise.all([ask(ownPort), ask(flaskPort)]); // warms up
  for (let run = 0; run < bench.runs; run += 1) {
    const own = await ask(ownPort);
    const flask = await ask(flaskPort);
    rates.own.push(own);
    rates.flask.push(flask);
    rates.ratio.push(own / flask);
    bench.say(`health: own ${own.toFixed(0)}, Flask ${flask.toFixed(0)}`);
  }
  return {
    what: `GET /api/health, ${connections} connections, over a five-line Flask app with gunicorn -w ${workers}`,
    figure: `${spread(rates.own, 0)} against ${spread(rates.flask, 0)} requests/s`,
    value: median(rates.ratio),
    unit: "",
    goal: { kind: "at least", value: 4 },
    note:
      `${load.title}, ${seconds} s a run. One process of ours with a log line (JSON, to a file) and a histogram for ` +
      `each request, against ${workers} processes without either (${packages.join(", ")}).`,
  } as const;
}

async function startFlask(bench: Bench): Promise<Started & { port: number }> {
  const programs = pythonPrograms(bench, packages);
  const port = await freePort();
  const started = await startProcess({
    command: join(programs, "gunicorn"),
    args: ["-w", String(workers), "-b", `127.0.0.1:${port}`, "flask-health:app"],
    workingDirectory: join(import.meta.dirname, "../support"),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    logFile: join(bench.temporaryDirectory, "gunicorn.log"),
    port,
  });
  return { ...started, port };
}
