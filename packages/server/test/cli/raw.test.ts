import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { startRunning, toneWav } from "../server/running.ts";
import { run } from "./support.ts";

test("samples without a header are recognised in either byte order, by a real server and model", async (t) => {
  const { server, modelPath } = await startRunning(t, { tone: "tone" });
  const samples = Buffer.from(toneWav("abc")).subarray(44);
  const file = join(scratchDirectory(t), "big.raw");
  writeFileSync(file, Buffer.from(samples).swap16());
  const where = ["--url", `${server.url}/api`, "--model", modelPath("tone")];
  const little = await run(t, ["transcribe", "-", "--raw", "s16le", "--rate", "16000", ...where], { input: samples });
  assert.equal(little.stdout, "abc\n", little.stderr);
  const big = await run(t, ["transcribe", file, "--raw", "s16be", ...where]);
  assert.equal(big.stdout, "abc\n", big.stderr);
});
