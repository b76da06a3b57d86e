import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { explainError } from "../dist/explain.js";
import { httpTransport, ModelAPIClient, TransportError } from "../dist/node.js";
import { deadUrl } from "./support/server.ts";

const coded = (code: string, message = "", more: object = {}) => Object.assign(new Error(message), { code, ...more });

for (const [name, error, text] of [
  ["the innermost error is told", new TypeError("fetch failed", { cause: new Error("the reason") }), "the reason"],
  ["an empty cause is not", new Error("outer", { cause: new Error("") }), "outer"],
  [
    "several addresses are one",
    new TypeError("fetch failed", { cause: Object.assign(new AggregateError([]), { code: "ECONNREFUSED" }) }),
    "nothing listens there (ECONNREFUSED)",
  ],
  ["a code that nobody knows stays as it is", coded("EODD", "EODD: odd, open 'x'"), "EODD: odd, open 'x'"],
  ["a code alone is better than nothing", coded("EODD"), "EODD"],
  ["a code is no name of the prototype", coded("toString", "odd"), "odd"],
  [
    "a firewall is no file",
    coded("EACCES", "connect EACCES 10.0.0.1", { syscall: "connect" }),
    "connect EACCES 10.0.0.1",
  ],
  ["what is no error is shown", "gone", "gone"],
] as const) {
  test(name, () => assert.equal(explainError(error), text));
}

test("errors in a circle come to an end", () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(explainError(error), "round");
});

test("a server that is not there is said in words, and the cause is kept", async () => {
  const request = { method: "GET", path: "/health", headers: {}, signal: new AbortController().signal } as const;
  await assert.rejects(httpTransport(await deadUrl()).send(request), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.message, "nothing listens there (ECONNREFUSED)");
    assert.ok(error.cause instanceof TypeError);
    return true;
  });
});

test("a recording that cannot be read is said in words", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync("circle.wav", join(folder, "circle.wav"));
  const client = new ModelAPIClient(await deadUrl(), { retry: false });
  for (const [path, says] of [
    [join(folder, "no.wav"), "no.wav: there is no such file (ENOENT)."],
    [join(folder, "circle.wav"), "circle.wav: its links lead in a circle (ELOOP)."],
    [join(folder, "x".repeat(300)), "the path is too long (ENAMETOOLONG)."],
    [folder, " is a directory."],
  ] as const) {
    const result = await client.transcribe(path);
    assert.ok(!result.success);
    assert.equal(result.reason, "audio_unreadable");
    assert.ok(result.error_message.endsWith(says), result.error_message);
  }
});
