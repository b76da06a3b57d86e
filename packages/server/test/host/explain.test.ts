import assert from "node:assert/strict";
import { test } from "node:test";
import { explainExit, LastLines } from "../../dist/host/parent/explain.js";

test("a death is named by its signal or exit code", () => {
  const table: [number | null, string | null, RegExp][] = [
    [null, "SIGSEGV", /memory fault \(SIGSEGV\)/],
    [null, "SIGABRT", /aborted \(SIGABRT\)/],
    [null, "SIGKILL", /killed \(SIGKILL\), perhaps by the system for lack of memory/],
    [null, "SIGUSR2", /SIGUSR2/],
    [134, null, /aborted \(exit code 134\)/],
    [3221225477, null, /memory fault/],
    [3, null, /exit code 3/],
    [0, null, /exit code 0/],
    [null, null, /exit code unknown/],
  ];
  for (const [code, signal, expected] of table) assert.match(explainExit(code, signal, ""), expected);
  assert.match(explainExit(3, null, "no such file"), /exit code 3; its last words: no such file$/);
});

test("the last lines are kept, in one line, without control characters", () => {
  const lines = new LastLines();
  lines.push(Buffer.from("first\r\n\n  seco"));
  lines.push(Buffer.from("nd\u001b[31m line\u0000\nthird"));
  assert.equal(lines.toString(), "first | second [31m line | third");
});

test("of a flood the last 500 characters are kept", () => {
  const lines = new LastLines();
  for (let at = 0; at < 1000; at += 1) lines.push(Buffer.from(`line ${at} ${"x".repeat(70_000)}\n`));
  lines.push(Buffer.from("the last one\n"));
  assert.equal(lines.toString().length, 500);
  assert.match(lines.toString(), /\| the last one$/);
});

test("nothing on stderr is no last words", () => {
  assert.equal(new LastLines().toString(), "");
});
