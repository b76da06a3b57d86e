import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { pythonWith, runPython } from "../../../../test/fixtures/python.ts";
import { toneWav } from "../server/running.ts";
import { startWyoming } from "./support.ts";

const script = fileURLToPath(new URL("../../../../test/fixtures/wyoming-client.py", import.meta.url));
const found = pythonWith("wyoming.client");

/** The program on the page. */
const program = /^```python\n(.*?)^```$/ms.exec(
  readFileSync(new URL("../../../../docs/home-assistant.md", import.meta.url), "utf8"),
)?.[1];
const run = promisify(execFile);

const models = {
  tone: "tone",
  zh: { fake: { text: "打开 客厅 的 灯", languages: ["zh"] } },
} as const;

suite("the Python package wyoming", { skip: found.skip }, () => {
  test("speaks as Home Assistant does, over TCP and over a Unix socket", async (t) => {
    const port = await freePort();
    const { path } = await startWyoming(t, models, { "wyoming.port": port });
    const folder = mkdtempSync(join(tmpdir(), "voxpool-wyoming-python-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const recording = join(folder, "tone.wav");
    writeFileSync(recording, toneWav("abc"));
    assert.ok("python" in found);
    assert.ok(program !== undefined);
    const page = join(folder, "page.py");
    writeFileSync(page, program.replace("127.0.0.1:10300", `127.0.0.1:${port}`).replace("speech.wav", recording));
    assert.equal((await run(found.python, [page])).stdout.trim(), "abc");
    const uris = [`tcp://127.0.0.1:${port}`, ...(process.platform === "win32" ? [] : [`unix://${path}`])];
    for (const uri of uris) {
      const seen = (await runPython(found.python, script, [uri, recording, "zh"])) as Record<string, object>;
      const { info, ...rest } = seen;
      assert.deepEqual(info, {
        name: "voxpool",
        installed: true,
        streaming: true,
        languages: ["en", "zh"],
        models: ["tone", "zh"],
      });
      const text = "打开客厅的灯";
      assert.deepEqual(rest, {
        pong: "hello",
        said: { started: true, text, language: "zh", chunks: text },
        named: { started: true, text: "abc", language: "en", chunks: "abc" },
        together: [text, text, text, text],
        unknown: { started: false, error: "model_not_found", ended: true },
      });
    }
  });
});
