import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const bin = fileURLToPath(new URL("../../bin/voxpool.js", import.meta.url));

type Scope = Pick<TestContext, "after">;

/** What a run of the command line came to. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** Descriptor of what is its input instead of a pipe. */
  readonly stdin?: number;
  /** Runs this program instead of `bin/voxpool.js`. */
  readonly program?: string;
}

/** A run of the command line that is under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
}

/** The environment of a stranger: nothing of voxpool's, English. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VOXPOOL_|LC_|LANG|NO_COLOR|FORCE_COLOR|NODE_)/.test(name),
  );
  return { ...Object.fromEntries(kept), LANG: "C.UTF-8", ...extra };
}

/** Starts the command line as a process of its own. */
export function start(t: Scope, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(process.execPath, [options.program ?? bin, ...args], {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: [options.stdin ?? "pipe", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const chunks = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      chunks[name] += text;
    });
  }
  // A command that does not read its input may be gone before all of it is written.
  child.stdin?.on("error", () => undefined).end(options.input);
  const done = once(child, "close").then((ended) => {
    const [code, signal] = ended as [number | null, NodeJS.Signals | null];
    return { code, signal, ...chunks };
  });
  return { child, done };
}

export function run(t: Scope, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return start(t, args, options).done;
}

/** Resolves once the text on this output of a running command matches. */
export function untilSaid({ child }: Running, output: "stdout" | "stderr", pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child[output]?.on("data", (chunk: string) => {
      text += chunk;
      if (pattern.test(text)) resolve(text);
    });
    child.once("close", () => reject(new Error(`it ended without saying ${pattern}: ${text}`)));
  });
}

/** Why there is no terminal to test with, or undefined. */
export function noTerminal(): string | false {
  const found = process.platform === "linux" && spawnSync("script", ["--version"], { encoding: "utf8" });
  return found !== false && found.stdout?.includes("util-linux") ? false : "needs script of util-linux for a terminal";
}

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Is told all that the terminal has got so far, each time there is more. */
  readonly watch?: (text: string) => unknown;
}

/** Runs a shell command on a terminal of its own; gives what the terminal got. */
export async function onTerminal(t: Scope, command: string, { env, watch }: TerminalOptions = {}): Promise<Ran> {
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: environment({ TERM: "xterm", ...env }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    watch?.(stdout);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr: "" };
}

/** A command line for a shell. */
export function shellCommand(...args: readonly string[]): string {
  return [process.execPath, bin, ...args].map((arg) => `'${arg}'`).join(" ");
}

/** A request as it came. */
export interface Received {
  readonly call: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

type Handler = (received: Received, answer: ServerResponse, request: IncomingMessage) => void | Promise<void>;

export interface WireServer {
  readonly url: string;
  readonly received: Received[];
}

/** A small HTTP server that answers by `METHOD /path` below `/api`; what is not there is a 404 as the server's. */
export async function startWireServer(
  t: Scope,
  handlers: Readonly<Record<string, Handler | object>>,
): Promise<WireServer> {
  const received: Received[] = [];
  const server = createServer((request, answer) => {
    void respond(request, answer);
  });
  async function respond(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const call = `${request.method} ${decodeURIComponent(pathname).replace(/^\/api/, "")}`;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const query = Object.fromEntries(searchParams);
    const one = { call, query, headers: request.headers, body: Buffer.concat(chunks) };
    received.push(one);
    const handler = handlers[call];
    if (typeof handler === "function") await (handler as Handler)(one, answer, request);
    else if (handler === undefined) sendJson(answer, 404, failure("route_not_found", `There is no ${call}.`));
    else sendJson(answer, 200, handler);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, received };
}

/** A URL at which nobody answers. */
export async function closedUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/api`;
}

export function sendJson(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

export function failure(reason: string, message: string, more: object = {}): object {
  return { success: false, message, reason, retryable: false, ...more };
}

export interface WireEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
}

/** Sends server-sent events of a recognition. */
export function sendEvents(answer: ServerResponse, events: readonly WireEvent[]): void {
  answer.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) answer.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  answer.end();
}

/** The answer to a recognition, with this text. */
export function transcript(text: string, more: object = {}): { success: true; text: string } {
  return {
    success: true,
    text,
    language: "en",
    duration: 11,
    segments: [{ id: 0, start: 0.35, end: 2.27, text }],
    processing_seconds: 0.3,
    real_time_factor: 0.03,
    model_path: "model/en/tiny",
    model_version: "1",
    warnings: [],
    ...more,
  } as { success: true; text: string };
}
