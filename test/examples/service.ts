import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { testModel } from "../fixtures/downloads.ts";

export const root = join(import.meta.dirname, "../..");
export const recording = join(root, "packages/server/assets/jfk.wav");
export const words = /ask what you can do for your country/i;
export const voxpool = join(root, "packages/server/bin/voxpool.js");

/** A model directory with the small English model, and a state directory with what that needs. */
export interface Installed {
  readonly modelDir: string;
  readonly newStateDir: (t: TestContext) => string;
}

/** What is really installed is fetched once; where that cannot be, the answer says why. */
export async function installed(): Promise<Installed | { readonly skip: string }> {
  const model = await testModel("en/tiny");
  if ("skip" in model) return model;
  const detector = await testModel("silero-vad");
  if ("skip" in detector) return detector;
  return {
    modelDir: model.modelDir,
    newStateDir(t) {
      const directory = temporary(t);
      cpSync(join(detector.stateDir, "assets"), join(directory, "assets"), { recursive: true });
      return directory;
    },
  };
}

/** A test, or several together: what is begun for it is ended after it. */
export interface Scope {
  after(end: () => unknown): void;
}

export function temporary(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** A server in a process of its own, as users start it. */
export interface ServerProcess {
  readonly origin: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a real server, and waits until its default model is ready. `port` 0 takes a free one. */
export async function startServerProcess(
  t: TestContext,
  { modelDir, newStateDir }: Installed,
  port = 0,
): Promise<ServerProcess> {
  const flags = ["--port", port, "--model-dir", modelDir, "--state-dir", newStateDir(t), "--log-level", "error"];
  const command = [voxpool, "serve", "--json", "--host", "127.0.0.1", "--default-model", "en/tiny", ...flags];
  const server = spawn(process.execPath, command.map(String), { stdio: ["ignore", "pipe", "inherit"] });
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  };
  t.after(kill);
  const [line] = await Promise.race([once(createInterface({ input: server.stdout }), "line"), ended(server)]);
  const { url } = JSON.parse(String(line)) as { url: string };
  return { origin: new URL(url).origin, kill };
}

async function ended(server: ChildProcess): Promise<never> {
  const [code] = await once(server, "exit");
  throw new Error(`the server ended with ${code}`);
}

/** A program that is talked to by lines. */
export interface Talk {
  say(line: string): void;
  /** The next line that fits; those before it are dropped. Fails when the program ends before. */
  until(pattern: RegExp): Promise<string>;
  /** Ends its input; resolves with its exit code. */
  end(): Promise<number | null>;
}

export function startTalk(t: Scope, command: string, args: readonly string[], env: NodeJS.ProcessEnv): Talk {
  const program: ChildProcess = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => program.kill("SIGKILL"));
  const { stdin, stdout } = program;
  if (stdin === null || stdout === null) throw new Error("the pipes were asked for");
  stdin.on("error", () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    say: (line) => void stdin.write(`${line}\n`),
    async until(pattern) {
      const seen: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`it ended without ${pattern}, after: ${seen.join(" | ")}`);
        if (pattern.test(value)) return value;
        seen.push(value);
      }
    },
    async end() {
      stdin.end();
      if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
      return program.exitCode;
    },
  };
}
