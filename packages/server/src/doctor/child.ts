import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** What a program came to. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first 64 KB of its output, and of its error output. */
  readonly stdout: string;
  readonly stderr: string;
}

const mostBytes = 65_536;

/**
 * Runs a program to its end; it is killed when the signal aborts.
 * @returns undefined if there is no such program
 */
export async function runChild(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<ChildEnd | undefined> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  const [stdout, stderr] = [gather(child, "stdout"), gather(child, "stderr")];
  try {
    if (signal.aborted) kill();
    const [code, ended] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { code, signal: ended, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function gather(child: ChildProcess, name: "stdout" | "stderr"): () => string {
  let text = "";
  child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
    if (text.length < mostBytes) text += chunk.slice(0, mostBytes - text.length);
  });
  return () => text;
}
