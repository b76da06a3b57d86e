import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

export interface Owner {
  readonly child: ChildProcess;
  /** The path of what it has. */
  readonly told: string;
  kill(): Promise<void>;
}

/** A process that has the lock of a file, or a work directory, until it is killed. */
export async function startOwner(t: Pick<TestContext, "after">, what: "lock" | "work", path: string): Promise<Owner> {
  const script = new URL("./fixtures/owner.ts", import.meta.url);
  const child = spawn(process.execPath, [script.pathname, what, path], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  t.after(kill);
  const [told] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, told, kill };
}
