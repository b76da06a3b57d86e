import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";

export interface Started {
  readonly pid: number;
  /** Ends it and waits for its end: SIGTERM, then SIGKILL. Safe to call twice. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDirectory?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes, as it would with a service manager; read when it does not start. */
  readonly logFile: string;
  /** It is ready once it takes connections here. */
  readonly port: number;
}

const startPatienceMs = 60_000;
const stopPatienceMs = 10_000;
const pollMs = 20;

/** Starts a server and waits until it takes connections. @throws with its last lines when it ends instead */
export async function startProcess(options: StartOptions): Promise<Started> {
  const log = openSync(options.logFile, "w");
  const child = spawn(options.command, options.args, {
    cwd: options.workingDirectory,
    env: options.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  endWithUs(child);
  const started: Started = { pid: child.pid ?? 0, stop: () => end(child) };
  const gone = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${options.command} ended with ${code ?? signal}`)));
  });
  gone.catch(() => undefined);
  try {
    await Promise.race([listening(options.port), gone]);
    return started;
  } catch (error) {
    await started.stop();
    const lines = readFileSync(options.logFile, "utf8").trim().split("\n").slice(-10).join("\n");
    throw new Error(`it did not start:\n${lines}`, { cause: error });
  }
}

/** Whatever ends the bench, what it started does not stay behind. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGTERM");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

/** Ends a child and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
  await ended;
  clearTimeout(timer);
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + startPatienceMs;
  while (performance.now() < deadline) {
    if (await takesConnections(port)) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`nothing listens on port ${port} after ${startPatienceMs / 1000} s`);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
