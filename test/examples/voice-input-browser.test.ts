import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { startLetters } from "../../packages/server/test/sdk/letters.ts";
import { wavBytes } from "../fixtures/wav.ts";
import { root, startTalk, temporary } from "./service.ts";

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

suite("the microphone of a browser", { skip }, () => {
  let browser: Browser;
  let page: Page;
  let url: string;
  let letters: Awaited<ReturnType<typeof startLetters>>;
  const ends: (() => unknown)[] = [];
  const scope = { after: (end: () => unknown) => void ends.push(end) } as unknown as Parameters<typeof temporary>[0];

  before(async () => {
    letters = await startLetters(scope);
    const file = join(temporary(scope), "tone.wav");
    writeFileSync(file, wavBytes(tone, 48_000));
    const env = { VOXPOOL_URL: letters.url, PORT: "0" };
    const web = startTalk(scope, process.execPath, [join(root, "examples/browser/serve.ts")], env);
    url = await web.until(/^http/);
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${file}`,
      ],
    });
    page = await browser.newPage();
    await page.goto(`${url}/voice-input.html`);
  });
  after(async () => {
    await browser?.close();
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
