import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ModelAPIClient } from "@voxpool/client";
import { joinedSignals, toneSignal, writeToneModel } from "../../../../test/fixtures/tone-model.ts";
import { wavBytes } from "../../../../test/fixtures/wav.ts";
import { silentLog } from "../../dist/base/log.js";
import { type Config, settings } from "../../dist/base/settings.js";
import { type RunningServer, type StartOptions, startServer } from "../../dist/main.js";

/** A whole server with models of its own. */
export interface Running {
  readonly server: RunningServer;
  readonly client: ModelAPIClient;
  /** As it is configured, and so the first part of model paths: absolute. */
  readonly modelDir: string;
  readonly modelPath: (id: string) => string;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
}

/** What a model folder holds: the tone model, a script of the fake engine, plain files, or what a function writes. */
export type ModelContent =
  | "tone"
  | { readonly fake: object }
  | { readonly files: Record<string, string> }
  | ((directory: string) => unknown);

/** Starts a server in this process, with real hosts. It is stopped and its folders are removed after the test. */
export async function startRunning(
  t: TestContext,
  models: Readonly<Record<string, ModelContent>>,
  config: Partial<Config> = {},
  logs: Pick<StartOptions, "log" | "audit"> = { log: silentLog },
  reread?: (config: Config) => Config,
): Promise<Running> {
  const root = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  const modelDir = join(root, "model");
  for (const [id, content] of Object.entries(models)) writeModel(join(modelDir, id), content);
  const defaults = Object.fromEntries(Object.entries(settings).map(([key, { default: value }]) => [key, value]));
  const whole: Config = {
    ...(defaults as unknown as Config),
    host: "127.0.0.1",
    port: 0,
    model_dir: [modelDir],
    state_dir: join(root, "state"),
    default_model: join(modelDir, Object.keys(models)[0] ?? "none"),
    "engine.fake": true,
    ...config,
  };
  const server = await startServer({ config: whole, ...logs, ...(reread && { reread: () => reread(whole) }) });
  t.after(async () => {
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  });
  await server.defaultModel.catch(() => undefined);
  return {
    server,
    client: new ModelAPIClient(server.url, { retry: false }),
    modelDir,
    modelPath: (id) => `${modelDir}/${id}`,
    fetch: (path, init) => fetch(`${server.url}${path}`, init),
  };
}

export function writeModel(directory: string, content: ModelContent): void {
  if (content === "tone") {
    writeToneModel(directory);
    return;
  }
  if (typeof content === "function") return void content(directory);
  mkdirSync(directory, { recursive: true });
  const files = "files" in content ? content.files : { "fake.json": JSON.stringify(content.fake) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

/** A WAV file that the tone model reads as `text`. */
export const toneWav = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(wavBytes(toneSignal(text), 16_000));

/** A WAV file with three stretches of sound, two seconds of silence between them. */
export function threeSegments(): Uint8Array<ArrayBuffer> {
  const one = toneSignal("abc", { silenceSeconds: 1 });
  return new Uint8Array(wavBytes(joinedSignals(one, one, one), 16_000));
}

/** Whether a process lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
