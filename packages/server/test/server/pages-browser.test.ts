import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { chromium, type Page } from "playwright-core";
import { startRunning, toneWav } from "./running.ts";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
const skip = executablePath === undefined && "there is no Chromium here: set CHROMIUM to the path of one";

/** What a page of its own origin got from the server. */
interface Got {
  readonly fetched: string;
  readonly id: string | null;
  readonly written: string;
  readonly socket: string;
}

/** Reads, writes and opens a WebSocket as a page does; what fails is named. */
async function use(page: Page, url: string, wav: readonly number[]): Promise<Got> {
  return page.evaluate(
    async ([server, samples]) => {
      const answer = await fetch(`${server}/api/health`).catch((error: Error) => error.name);
      const written = await fetch(`${server}/api/transcribe?response_format=text`, {
        method: "POST",
        headers: { "content-type": "audio/wav" },
        body: new Uint8Array(samples),
      }).then(
        async (one) => `${one.status} ${(await one.text()).slice(0, 30)}`,
        (error: Error) => error.name,
      );
      const socket = new WebSocket(`${server.replace("http", "ws")}/api/stream`);
      const opened = await new Promise<string>((resolve) => {
        socket.addEventListener("open", () => resolve("open"));
        socket.addEventListener("error", () => resolve("error"));
      });
      socket.close();
      const isText = typeof answer === "string";
      const id = isText ? null : answer.headers.get("x-request-id");
      return { fetched: isText ? answer : String(answer.status), id: id && "read", written, socket: opened };
    },
    [url, [...wav]] as const,
  );
}

/** A browser that finds names below `example` here, a server for pages of other origins, and one of ours. */
async function startAll(t: TestContext) {
  const pages = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>a page</title>");
  });
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  t.after(() => pages.close());
  const pagesPort = (pages.address() as AddressInfo).port;
  const elsewhere = (name: string) => `http://${name}:${pagesPort}`;
  const config = { "cors.origins": [elsewhere("app.example")], "http.hosts": ["asr.example"] };
  const { server } = await startRunning(t, { cn: "tone" }, config);
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"],
  });
  t.after(() => browser.close());
  return { browser, elsewhere, url: server.url, port: new URL(server.url).port };
}

test("pages in a real browser", { skip }, async (t) => {
  const { browser, elsewhere, url, port } = await startAll(t);
  const wav = [...toneWav("abc")];

  /** A page at an address, and the complaints of the browser about it. */
  async function open(address: string) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(address);
    return { page, complaints };
  }

  await t.test("the documentation works under what it may load, and calls the server", async () => {
    const { page, complaints } = await open(`${url}/docs`);
    const operation = page.locator(".opblock", { hasText: "/api/models/load" }).first();
    await operation.click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.locator("textarea").fill('{"model_path":"cn"}');
    await operation.getByRole("button", { name: "Execute" }).click();
    await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
    await page.locator(".models").waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  await t.test("a page that is let in reads, writes and speaks; one of another name does not", async () => {
    const { page } = await open(elsewhere("app.example"));
    assert.deepEqual(await use(page, url, wav), { fetched: "200", id: "read", written: "200 abc\n", socket: "open" });
    await page.close();
    const { page: foreign } = await open(elsewhere("evil.example"));
    const nothing = { fetched: "TypeError", id: null, written: "TypeError", socket: "error" };
    assert.deepEqual(await use(foreign, url, wav), nothing);
    await foreign.close();
  });

  /** What a page of the server gets that is reached under a name. */
  async function at(name: string): Promise<Got> {
    const named = `http://${name}:${port}`;
    const { page } = await open(`${named}/openapi.json`);
    const got = await use(page, named, wav);
    await page.close();
    return got;
  }

  await t.test(
    "under a name that was pointed at the server a page writes nothing; under one that it is given, it does",
    async () => {
      const rebound = await at("evil.example");
      assert.match(rebound.written, /^403 /);
      assert.equal(rebound.socket, "error");
      assert.deepEqual(await at("asr.example"), { fetched: "200", id: "read", written: "200 abc\n", socket: "open" });
    },
  );

  await t.test("neither a form, nor a frame, nor a picture of another page gets through", async () => {
    const { page } = await open(elsewhere("evil.example"));
    const answered = page.waitForResponse((response) => response.url() === `${url}/api/models/unload`);
    await page.setContent(
      `<form method="post" enctype="text/plain" action="${url}/api/models/unload">
      <input name='{"model_path":"cn","force":true,"x":"' value='"}'></form><iframe src="${url}/docs"></iframe>
      <img src="${url}/api/models"><script>document.forms[0].submit()</script>`,
      { waitUntil: "commit" },
    );
    assert.equal((await answered).status(), 403);
    const list = (await (await fetch(`${url}/api/models`)).json()) as { readonly count: number };
    assert.equal(list.count, 1);
    await page.close();
  });
});
