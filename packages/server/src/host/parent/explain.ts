/** What signals mean to somebody who reads why a model is gone. */
const signals: Readonly<Record<string, string>> = {
  SIGABRT: "it aborted (SIGABRT)",
  SIGBUS: "a bus error (SIGBUS)",
  SIGFPE: "an arithmetic error (SIGFPE)",
  SIGILL: "an instruction that this processor does not know (SIGILL)",
  SIGKILL: "killed (SIGKILL), perhaps by the system for lack of memory",
  SIGSEGV: "a memory fault (SIGSEGV)",
  SIGTERM: "terminated from outside (SIGTERM)",
  SIGTRAP: "a trap of the run time (SIGTRAP)",
};

/** Exit codes that stand for more than a number: shells' 128 + signal, and Windows' own. */
const codes: Readonly<Record<number, string>> = {
  134: "it aborted (exit code 134)",
  137: "killed (exit code 137), perhaps by the system for lack of memory",
  139: "a memory fault (exit code 139)",
  3221225477: "a memory fault (0xC0000005)",
  3221225501: "an instruction that this processor does not know (0xC000001D)",
  3221226505: "it aborted (0xC0000409)",
};

const tailLength = 500;

/** One line for people: how a process ended, and the last that it had to say. */
export function explainExit(code: number | null, signal: string | null, lastLines: string): string {
  const how = signal === null ? exitCode(code) : (signals[signal] ?? `ended by ${signal}`);
  return lastLines === "" ? how : `${how}; its last words: ${lastLines}`;
}

function exitCode(code: number | null): string {
  return codes[code ?? -1] ?? `it left with exit code ${code ?? "unknown"}`;
}

/**
 * The end of what a process wrote to stderr, so that its death can be explained. Keeps a few hundred
 * characters, however much is written.
 */
export class LastLines {
  #tail = "";

  push(bytes: Uint8Array): void {
    // More is kept than shown: cutting must not leave half a line where a whole one would fit.
    const kept = tailLength * 4;
    const text = Buffer.from(bytes.subarray(Math.max(0, bytes.length - kept))).toString("utf8");
    this.#tail = (this.#tail + text).slice(-kept);
  }

  /** One line of at most 500 characters, without control characters; the newest lines win. */
  toString(): string {
    const lines = this.#tail
      .split("\n")
      .map((line) => line.replaceAll(/[\p{Cc}\s]+/gu, " ").trim())
      .filter((line) => line !== "");
    const text = lines.join(" | ");
    return text.length <= tailLength ? text : `…${text.slice(1 - tailLength)}`;
  }
}
