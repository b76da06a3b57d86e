import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./case.ts";
import { freePort } from "./free-port.ts";
import { HttpClient } from "./http.ts";
import { type Started, startProcess } from "./processes.ts";

/** The shipped server, in a process of its own. */
export interface BenchServer extends Started {
  readonly url: string;
  readonly port: number;
}

const command = join(import.meta.dirname, "../../packages/server/bin/voxpool.js");
const readyPatienceMs = 120_000;
const pollMs = 50;

/** Starts it as people do, log and metrics as shipped, and waits until the model of the bench is loaded and warm. */
export async function startServer({ model, temporaryDirectory }: Bench): Promise<BenchServer> {
  const port = await freePort();
  mkdirSync(temporaryDirectory, { recursive: true });
  const args = [
    command,
    "serve",
    ["--host", "127.0.0.1"],
    ["--port", String(port)],
    ["--state-dir", model.stateDirectory],
    ["--model-dir", model.modelDirectory],
    ["--default-model", model.modelPath],
  ].flat();
  const started = await startProcess({
    command: process.execPath,
    args,
    env: environment(),
    logFile: join(temporaryDirectory, `server-${port}.log`),
    port,
  });
  const server = { ...started, port, url: `http://127.0.0.1:${port}` };
  try {
    await ready(server.url);
    return server;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** Settings of the one who runs the bench are not what is measured. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VOXPOOL_")));
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
