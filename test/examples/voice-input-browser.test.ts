import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { run } from "../../packages/server/test/cli/support.ts";
import { startWire } from "../../packages/server/test/sdk/letters.ts";
import { wavBytes } from "../fixtures/wav.ts";
import { installed, recording, root, type Scope, startServerProcess, startTalk, temporary } from "./service.ts";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
const skip = executablePath === undefined && "there is no Chromium here: set CHROMIUM to the path of one";

/** Five seconds of 440 Hz at a fifth of what is possible. */
const tone = Float32Array.from({ length: 240_000 }, (_, n) => 0.2 * Math.sin((2 * Math.PI * 440 * n) / 48_000));

/** What a page heard in a second: the loudest sample, and how often the sound went up through silence. */
async function hear(page: Page): Promise<{ readonly loudest: number; readonly hertz: number; readonly state: string }> {
  return page.evaluate(async () => {
    const sdk: string = "/sdk/microphone.js";
    const { openMicrophone } = (await import(sdk)) as typeof import("@voxpool/client/microphone");
    const abort = new AbortController();
    // What the browser does for calls would take a tone for noise.
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const reader = (await openMicrophone({ signal: abort.signal, ...plain })).getReader();
    // The fake microphone begins with a moment of silence.
    for (let isSilent = true; isSilent; ) isSilent = (await reader.read()).value?.every((one) => one === 0) ?? false;
    const heard: number[] = [];
    while (heard.length < 16_000) heard.push(...((await reader.read()).value ?? []));
    abort.abort();
    let isDone = false;
    while (!isDone) ({ done: isDone } = await reader.read());
    const ups = heard.filter((sample, n) => sample >= 0 && (heard[n - 1] ?? 0) < 0).length;
    return { loudest: Math.max(...heard), hertz: ups, state: isDone ? "ended" : "" };
  });
}

/** A browser whose microphone hears a file, on the page of the example. */
async function openPage(t: Scope, heard: string, service: string) {
  const web = startTalk(t, process.execPath, [join(root, "examples/browser/serve.ts")], {
    VOXPOOL_URL: service,
    PORT: "0",
  });
  const url = await web.until(/^http/);
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [
      "--no-sandbox",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${heard}`,
    ],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(`${url}/voice-input.html`);
  return { page, errors };
}

const model = await installed();
const noModel = skip || ("skip" in model && model.skip);

/** Resolves once the words on the page fit. */
async function untilWritten(page: Page, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    (source) => new RegExp(source, "i").test((document.querySelector("#text") as HTMLTextAreaElement).value),
    pattern.source,
    { timeout: 60_000 },
  );
}

test("the page writes what the microphone hears, over a connection that breaks; the command line what is piped in", {
  skip: noModel,
}, async (t) => {
  assert.ok("modelDir" in model);
  const server = await startServerProcess(t, model);
  const wire = await startWire(t, `${server.origin}/api`);
  const { page, errors } = await openPage(t, `${recording}%noloop`, wire.url);
  await page.locator("#speak").click();
  // The words come without anybody asking for the end.
  await untilWritten(page, /fellow/);
  wire.cut();
  // "And so, my fellow Americans, ask not what your country can do for you..."
  await untilWritten(page, /fellow.*(ask|what|country)/);
  await page.locator("#speak").click();
  await page.locator("#state", { hasText: "done" }).waitFor();
  assert.match(await page.locator("#text").inputValue(), /^\W*and so,? my fellow(?!.*fellow).*(ask|what|country)/i);
  const input = readFileSync(recording).subarray(44);
  const ran = await run(t, ["listen", "--raw", "--language", "en", "--url", server.origin], { input });
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /what you can do for your country/i);
  await server.kill();
  await page.locator("#speak").click();
  await page.locator("#state", { hasText: /not voxpool's|was lost|No voxpool server/ }).waitFor();
  assert.deepEqual(errors, []);
});

test("the page of the documents is the example", () => {
  const [document, example] = ["docs/voice-input.md", "examples/browser/voice-input.html"].map((path) =>
    readFileSync(join(root, path), "utf8"),
  );
  assert.ok(document?.includes(`\`\`\`html\n${example}\`\`\`\n`));
});

suite("the microphone of a browser", { skip }, () => {
  let page: Page;
  const ends: (() => unknown)[] = [];
  const scope: Scope = { after: (end) => void ends.push(end) };

  before(async () => {
    const file = join(temporary(scope), "tone.wav");
    writeFileSync(file, wavBytes(tone, 48_000));
    ({ page } = await openPage(scope, file, "http://127.0.0.1:9/api"));
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  test("gives samples at 16 kHz until it is stopped, whether or not the browser resamples", async () => {
    const heard = [await hear(page)];
    // As Firefox does.
    await page.evaluate(() => {
      globalThis.AudioContext = class extends AudioContext {
        override createMediaStreamSource(media: MediaStream): MediaStreamAudioSourceNode {
          if (this.sampleRate === 16_000) throw new DOMException("different sample-rate", "NotSupportedError");
          return super.createMediaStreamSource(media);
        }
      };
    });
    heard.push(await hear(page));
    for (const { hertz, loudest, state } of heard) {
      assert.ok(Math.abs(hertz - 440) <= 6, `${hertz} Hz`);
      assert.ok(loudest > 3_000 && loudest < 12_000, `${loudest}`);
      assert.equal(state, "ended");
    }
  });

  test("a microphone that is not there, or may not be used, is the browser's own error", async () => {
    const names = await page.evaluate(async () => {
      const sdk: string = "/sdk/microphone.js";
      const { openMicrophone } = (await import(sdk)) as typeof import("@voxpool/client/microphone");
      const seen: string[] = [];
      for (const options of [{ deviceId: "none" }, { signal: AbortSignal.abort() }]) {
        await openMicrophone(options).catch((error: Error) => seen.push(error.name));
      }
      return seen;
    });
    assert.deepEqual(names, ["OverconstrainedError", "AbortError"]);
  });
});
