import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { pythonWith } from "../../../../test/fixtures/python.ts";
import { scratchDirectory } from "../base/scratch.ts";
import { startGuarded } from "./guarded.ts";

const found = pythonWith("schemathesis");

/** Streams of events are described by what their data hold, which this program takes for the events themselves. */
const config = `
[[operations]]
include-path = "/api/models/batch"
checks.response_schema_conformance.enabled = false
`;

/** One never ends, the other one asks the internet. */
const leftOut = ["--exclude-path", "/api/events", "--exclude-path", "/api/models/pull"];

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
];

test("whatever fits the OpenAPI document, or just does not, is answered as the document says", {
  skip: found.skip,
  timeout: 110_000,
}, async (t) => {
  assert.ok("python" in found);
  const { server, make } = await startGuarded(t);
  const key = await make({ name: "schemathesis-itself", scopes: ["admin"] });
  const cwd = scratchDirectory(t);
  writeFileSync(join(cwd, "schemathesis.toml"), config);
  const seconds = ["--max-time", "30", "--request-timeout", "20"];
  const what = ["--checks", checks.join(","), ...leftOut, "--continue-on-failure"];
  const how = ["--seed", "7", "--no-color", "--header", `X-API-Key: ${key}`];
  const args = ["-m", "schemathesis.cli", "run", `${server.url}/openapi.json`, ...seconds, ...what, ...how];
  const child = spawn(found.python, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const failed = output.indexOf("= FAILURES =");
  assert.equal(code, 0, failed < 0 ? `${output.slice(-5000)}${errors}` : output.slice(failed, failed + 20_000));
  const [, count] = /^ {2}(\d+) generated/m.exec(output) ?? [];
  assert.ok(Number(count) > 100, output.slice(-2000));
});
