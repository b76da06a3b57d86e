import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { installed, recording, root, startServerProcess, startTalk, words } from "./service.ts";

const model = await installed();
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
const skip =
  ("skip" in model && model.skip) ||
  (executablePath === undefined && "there is no Chromium here: set CHROMIUM to the path of one");

/** A real browser whose microphone hears a file, on the page of the example. */
async function openPage(t: TestContext) {
  assert.ok("modelDir" in model);
  const server = await startServerProcess(t, model);
  const web = startTalk(t, process.execPath, [join(root, "examples/browser/serve.ts")], {
    VOXPOOL_URL: `${server.origin}/api`,
    PORT: "0",
  });
  const url = await web.until(/^http/);
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [
      "--no-sandbox",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${recording}%noloop`,
    ],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  return { server, page, errors };
}

const done = (page: Page) => page.locator("#state", { hasText: "done by" }).waitFor();
const heard = async (page: Page) => (await page.locator("#words li").allTextContents()).join(" ");

test("the page shows the words of a file that was chosen", { skip }, async (t) => {
  const { page, errors } = await openPage(t);
  await page.setInputFiles("#file", recording);
  await done(page);
  assert.match(await heard(page), words);
  await page.setInputFiles("#file", join(root, "README.md"));
  await page.locator("#state", { hasText: "no format voxpool reads" }).waitFor();
  assert.equal(await heard(page), "");
  assert.deepEqual(errors, []);
});

test("in a browser the SDK answers as everywhere: results, aborts, an unreachable service", { skip }, async (t) => {
  const { server, page } = await openPage(t);
  const seen = await page.evaluate(async () => {
    const sdk: string = "/sdk/index.js"; // of the page's own server, so not for the compiler to look up
    const { ModelAPIClient } = (await import(sdk)) as typeof import("@voxpool/client");
    const client = new ModelAPIClient(new URL("/api", location.href).href, { retry: false });
    const health = await client.checkHealth();
    const missing = await client.getModelStatus("none/such");
    const aborted = await client.checkHealth({ signal: AbortSignal.abort() });
    return [health.success && health.status, missing, aborted].map((one) =>
      typeof one === "object" && !one.success ? one.reason : one,
    );
  });
  assert.deepEqual(seen, ["running", "model_not_found", "request_cancelled"]);
  await server.kill();
  await page.setInputFiles("#file", recording);
  await page.locator("#state", { hasText: /not voxpool's|was lost|No voxpool server/ }).waitFor();
});

test("the page shows the words that the microphone hears", { skip }, async (t) => {
  const { page, errors } = await openPage(t);
  await page.locator("#record").click();
  await page.locator("#record", { hasText: "Stop" }).waitFor();
  // The microphone plays the recording once. How long that is, the browser's own audio clock says.
  await page.evaluate(async (seconds) => {
    const context = new AudioContext();
    const silence = new ConstantSourceNode(context, { offset: 0 });
    const ended = new Promise((resolve) => {
      silence.addEventListener("ended", resolve);
    });
    silence.connect(context.destination);
    silence.start();
    silence.stop(seconds);
    await ended;
  }, 12);
  await page.locator("#record").click();
  await done(page);
  assert.match(await heard(page), words);
  assert.deepEqual(errors, []);
});
