import { pbkdf2 } from "node:crypto";
import { writeSync } from "node:fs";

/**
 * The ways in which native recognisers fail, each for real:
 *
 * - `ok`: not at all;
 * - `throw`: an error of JavaScript;
 * - `abort`: the C library's `abort()`, with its line on stderr, as a failed check of a native library does;
 * - `segfault`: a read through a null pointer;
 * - `exit`: the C library's `_exit(3)`, which no handler sees;
 * - `hang`: the thread waits for ever and uses no CPU;
 * - `spin`: the thread computes for ever;
 * - `stuck`: a thread of libuv's pool computes for ever (half an hour), while the engine thread goes on;
 * - `flood`: sixteen megabytes on stderr, and on it goes.
 */
export const behaviours = ["ok", "throw", "abort", "segfault", "exit", "hang", "spin", "stuck", "flood"] as const;
export type Behaviour = (typeof behaviours)[number];

const exitCode = 3;
const floodLines = 160_000;

/** Misbehaves; returns only after `ok` and `flood`. @throws Error for `throw` */
export async function misbehave(behaviour: Behaviour): Promise<void> {
  switch (behaviour) {
    case "ok":
      return;
    case "throw":
      throw new Error("this engine throws, as its fake.json says");
    case "abort":
      writeAll("fake engine: a check failed, aborting\n");
      return native("void abort(void)");
    case "segfault":
      return native("size_t strlen(const char *)", null);
    case "exit":
      writeAll("fake engine: cannot go on\n");
      return native("void _exit(int)", exitCode);
    case "hang":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case "spin":
      return spin();
    case "stuck":
      return stuck();
    case "flood":
      return flood();
  }
}

/** Calls a function of the C library, so that the process fails as it does under a native library. */
async function native(declaration: string, ...args: readonly unknown[]): Promise<void> {
  const { default: koffi } = await import("koffi");
  koffi.load(process.platform === "win32" ? "msvcrt.dll" : null).func(declaration)(...args);
}

function spin(): void {
  let turns = 0;
  while (turns >= 0) turns = (turns + 1) % 1_000_000;
}

function stuck(): Promise<void> {
  const iterations = 2 ** 31 - 1;
  return new Promise((resolve) => pbkdf2("fake", "fake", iterations, 64, "sha512", () => resolve()));
}

function flood(): void {
  const line = `${"a native library that has much to say ".padEnd(99, ".")}\n`;
  for (let lines = 0; lines < floodLines; lines += 1000) writeAll(line.repeat(1000));
}

/** Writes as native code does, to the descriptor; waits for a reader that is slower. */
function writeAll(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(2, bytes, at);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}
