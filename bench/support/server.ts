import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../test/fixtures/free-port.ts";
import type { Bench } from "./case.ts";
import { HttpClient } from "./http.ts";
import { type Started, startProcess } from "./processes.ts";

/** The shipped server, in a process of its own. */
export interface BenchServer extends Started {
  readonly url: string;
  readonly port: number;
}

export interface ServerOptions {
  readonly modelDirectories: readonly string[];
  readonly stateDirectory: string;
  /** Loaded and warm before the server is ready. */
  readonly defaultModel: string;
  /** Takes the server's log. */
  readonly temporaryDirectory: string;
  /** Other settings by their key, as the environment has them. */
  readonly settings?: Readonly<Record<string, string>>;
}

const command = join(import.meta.dirname, "../../packages/server/bin/voxpool.js");
const readyPatienceMs = 120_000;
const pollMs = 50;

/** Starts it as people do, log and metrics as shipped, and waits until the model of the bench is loaded and warm. */
export function startServer({ model, temporaryDirectory }: Bench): Promise<BenchServer> {
  return startServerWith({
    modelDirectories: [model.modelDirectory],
    stateDirectory: model.stateDirectory,
    defaultModel: model.modelPath,
    temporaryDirectory,
  });
}

/** The same with models and settings of one's own. */
export async function startServerWith(options: ServerOptions): Promise<BenchServer> {
  const { modelDirectories, stateDirectory, defaultModel, temporaryDirectory, settings = {} } = options;
  const port = await freePort();
  mkdirSync(temporaryDirectory, { recursive: true });
  const args = [
    command,
    "serve",
    ["--host", "127.0.0.1"],
    ["--port", String(port)],
    ["--state-dir", stateDirectory],
    modelDirectories.flatMap((directory) => ["--model-dir", directory]),
    ["--default-model", defaultModel],
  ].flat();
  const started = await startProcess({
    command: process.execPath,
    args,
    env: environment(settings),
    logFile: join(temporaryDirectory, `server-${port}.log`),
    port,
  });
  const scheme = settings["tls.cert"] === undefined ? "http" : "https";
  const server = { ...started, port, url: `${scheme}://127.0.0.1:${port}` };
  try {
    await ready(server.url);
    return server;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** Settings of the one who runs the bench are not what is measured. */
function environment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("VOXPOOL_"));
  const own = Object.entries(settings).map(([key, value]) => [
    `VOXPOOL_${key.replaceAll(".", "_").toUpperCase()}`,
    value,
  ]);
  return Object.fromEntries([...others, ...own]);
}

async function ready(url: string): Promise<void> {
  const client = new HttpClient(url);
  const deadline = performance.now() + readyPatienceMs;
  try {
    while (performance.now() < deadline) {
      const { status } = await client.send("GET", "/readyz");
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    client.close();
  }
  throw new Error(`the server is not ready after ${readyPatienceMs / 1000} s`);
}
