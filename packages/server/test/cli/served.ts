import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { type Running, start, untilSaid } from "./support.ts";

/** A directory with a model of the fake engine and a configuration file; the server's state is kept there too. */
export function servedPlace(t: TestContext, settings = ""): string {
  const cwd = scratchDirectory(t);
  mkdirSync(join(cwd, "model", "fake"), { recursive: true });
  writeFileSync(join(cwd, "model", "fake", "fake.json"), JSON.stringify({ text: "hello world" }));
  writeSettings(cwd, settings);
  return cwd;
}

export function writeSettings(cwd: string, settings: string): void {
  const own = "host: 127.0.0.1\nstate_dir: state\nengine: { fake: true }\ndefault_model: fake\n";
  writeFileSync(join(cwd, "voxpool.yaml"), own + settings);
}

export interface Served extends Running {
  /** Of the process, without a path. */
  readonly url: string;
  readonly pid: number;
}

/** Starts a server as a process of its own, and waits until it answers. */
export async function serveIn(t: TestContext, cwd: string): Promise<Served> {
  const running = start(t, ["serve", "--port", "0", "--json"], { cwd });
  const { url } = JSON.parse(await untilSaid(running, "stdout", /\n/)) as { url: string };
  return { ...running, url: new URL(url).origin, pid: running.child.pid ?? 0 };
}
