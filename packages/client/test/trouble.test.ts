import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { ModelAPIClient } from "../dist/index.js";
import { deadUrl, sendJson, signalled, startRawServer, startServer } from "./support/server.ts";
import { entries, health } from "./support/wire.ts";

const once = { retry: false } as const;

for (const [name, Client] of entries) {
  test(`${name}: a server that is not there is a failure that says how to start one`, async () => {
    const url = await deadUrl();
    const result = await new Client(url, once).checkHealth();
    assert.ok(!result.success);
    assert.deepEqual([result.error_code, result.reason, result.retryable], [0, "server_unreachable", true]);
    assert.match(result.error_message, /ECONNREFUSED.*voxpool serve/);
  });

  const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  const cuts: readonly (readonly [string, string])[] = [
    ["before the answer", ""],
    ["in the status line", "HTTP/1.1 2"],
    ["in the headers", head],
    ["after the headers", `${head}Content-Length: 70\r\n\r\n`],
    ["in the body", `${head}Content-Length: 70\r\n\r\n{"success":`],
    ["in a chunk", `${head}Transfer-Encoding: chunked\r\n\r\n40\r\n{"success":`],
    ["between chunks", `${head}Transfer-Encoding: chunked\r\n\r\n10\r\n{"success":true}\r\n`],
  ];
  for (const [where, text] of cuts) {
    for (const [how, cut] of [
      ["closed", (socket: Socket) => socket.end(text)],
      ["reset", (socket: Socket) => socket.write(text, () => socket.resetAndDestroy())],
    ] as const) {
      test(`${name}: a connection ${how} ${where} is a failure that may be tried again`, async (t) => {
        const url = await startRawServer(t, cut);
        const result = await new Client(url, once).listModels();
        assert.ok(!result.success);
        assert.deepEqual([result.error_code, result.reason, result.retryable], [0, "connection_lost", true]);
      });
    }
  }
}

for (const [what, text] of [
  ["no HTTP", "220 mail.example ESMTP\r\n"],
  ["a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["a body that is not gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"],
] as const) {
  test(`${what} is a failure`, async (t) => {
    const url = await startRawServer(t, (socket) => socket.end(text));
    const result = await new ModelAPIClient(url, once).checkHealth();
    assert.ok(!result.success);
    assert.equal(result.reason, "connection_lost");
  });
}

for (const [what, status, type, body, expected] of [
  [
    "an HTML page of a proxy",
    502,
    "text/html",
    "<html><h1>502 Bad\n Gateway</h1><hr>nginx</html>",
    /HTTP 502, text\/html: "502 Bad Gateway nginx"/,
  ],
  [
    "an HTML page with status 200",
    200,
    "text/html; charset=utf-8",
    "<title>Router login</title>",
    /HTTP 200, .*"Router login"/,
  ],
  ["JSON cut short", 200, "application/json", '{"success": tr', /success/],
  ["JSON of another kind", 200, "application/json", '["success"]', /success/],
  ["another service's JSON", 200, "application/json", '{"ok":true}', /ok/],
  ["an empty body", 200, "application/json", "", /an empty body/],
  ["success that is no boolean", 200, "application/json", '{"success":"true"}', /true/],
  ["bytes that are no UTF-8", 200, "application/octet-stream", Buffer.from([0xff, 0xfe, 0x00, 0x80]), /octet-stream/],
  ["a page of half-open tags", 500, "text/html", "<a".repeat(30_000), /HTTP 500/],
] as const) {
  test(`${what} is a failure with a short, clear message`, async (t) => {
    const server = await startServer(
      t,
      (_, response) => void response.writeHead(status, { "content-type": type }).end(body),
    );
    const result = await new ModelAPIClient(server.url, once).checkHealth();
    assert.ok(!result.success);
    assert.deepEqual([result.error_code, result.reason], [status, "answer_invalid"]);
    assert.equal(result.retryable, status === 502);
    assert.match(result.error_message, expected);
    assert.ok(result.error_message.length < 500);
  });
}

for (const [status, limitBytes] of [
  [200, 32 * 1024 * 1024],
  [500, 64 * 1024],
] as const) {
  test(`an answer without end with status ${status} is given up after ${limitBytes} bytes, and the server is told`, async (t) => {
    const gone = signalled();
    const piece = Buffer.alloc(65_536, " ");
    const server = await startServer(t, (_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      const more = () => {
        while (response.write(piece));
      };
      response.on("drain", more).on("close", gone.resolve);
      more();
    });
    const result = await new ModelAPIClient(server.url, once).checkHealth();
    assert.ok(!result.success);
    assert.equal(result.reason, "answer_invalid");
    assert.match(result.error_message, new RegExp(`more than ${limitBytes} bytes`));
    await gone.promise;
  });
}

test("redirects are followed, and one in a circle is a failure", async (t) => {
  const server = await startServer(t, (request, response) => {
    if (request.url === "/api/health") return sendJson(response, 200, health);
    const location = request.url === "/old/health" ? "/api/health" : (request.url ?? "");
    return void response.writeHead(308, { location }).end();
  });
  const { origin } = new URL(server.url);
  assert.deepEqual(await new ModelAPIClient(`${origin}/old`).checkHealth(), health);
  const result = await new ModelAPIClient(`${origin}/circle`, once).checkHealth();
  assert.ok(!result.success);
  assert.match(result.error_message, /redirect/);
});

test("calls at once share the client without disturbing each other", async (t) => {
  const server = await startServer(t, (request, response) =>
    request.url?.endsWith("7") ? void response.destroy() : sendJson(response, 200, { success: true, at: request.url }),
  );
  const client = new ModelAPIClient(server.url, once);
  const results = await Promise.all(Array.from({ length: 40 }, (_, n) => client.getModelStatus(`m${n}`)));
  for (const [n, result] of results.entries()) {
    assert.equal(result.success, n % 10 !== 7, `m${n}`);
    if (result.success) assert.equal((result as { at?: string }).at, `/api/models/status/m${n}`);
  }
});
