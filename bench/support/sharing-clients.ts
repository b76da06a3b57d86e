import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench } from "./case.ts";
import { plainScript } from "./plain-script.ts";
import { end, endWithUs } from "./processes.ts";

/** A kind of client process, as small as it can be in its language. */
export interface ClientKind {
  readonly title: string;
  readonly command: string;
  readonly args: (authority: string, path: string, file: string) => readonly string[];
}

/** Those that can run here, the one that the goal is about first: the seed service's known client is in Python. */
export function clientKinds(bench: Bench): readonly ClientKind[] {
  const node: ClientKind = {
    title: "Node with node:http",
    command: process.execPath,
    args: (authority, path, file) => [
      plainScript(join(import.meta.dirname, "sharing-client.ts"), join(bench.temporaryDirectory, "client")),
      `http://${authority}${path}`,
      file,
    ],
  };
  const python: ClientKind = {
    title: "Python with http.client",
    command: "python3",
    args: (...args) => [join(import.meta.dirname, "sharing-client.py"), ...args],
  };
  return spawnSync("python3", ["-c", "import http.client"]).status === 0 ? [python, node] : [node];
}

export interface SharingClient {
  readonly pid: number;
  /** The server's answer, once it is there. */
  readonly answer: Promise<string>;
  stop(): Promise<void>;
}

/** Starts a client with a recording of its own; it stays after its answer until it is stopped. */
export function startClient(kind: ClientKind, authority: string, path: string, file: string): SharingClient {
  const child = spawn(kind.command, kind.args(authority, path, file), { stdio: ["pipe", "pipe", "inherit"] });
  endWithUs(child);
  return { pid: child.pid ?? 0, answer: firstLine(child), stop: () => end(child) };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the client has no output");
  const lines = createInterface({ input: child.stdout });
  const gone = once(child, "exit").then(() => {
    throw new Error("a client ended before its answer");
  });
  gone.catch(() => undefined);
  const [line] = (await Promise.race([once(lines, "line"), gone])) as [string];
  return line;
}
