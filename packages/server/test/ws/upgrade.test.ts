import assert from "node:assert/strict";
import { test } from "node:test";
import { rawConnection } from "../gateway/harness.ts";
import { startLiveServer } from "./harness.ts";
import { connect } from "./socket.ts";

const handshake =
  "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** Requests, and the answers that they get instead of a WebSocket. */
const refused: readonly (readonly [name: string, request: string, status: number, body: RegExp])[] = [
  ["an unknown path", `GET /api/nowhere HTTP/1.1\r\n${handshake}\r\n`, 404, /"reason":"route_not_found"/],
  ["a path of another kind", `GET /api/health HTTP/1.1\r\n${handshake}\r\n`, 200, /"status":"running"/],
  ["another method", `POST /api/stream HTTP/1.1\r\n${handshake}\r\n`, 405, /"reason":"method_not_allowed"/],
  ["no upgrade", "GET /api/stream HTTP/1.1\r\nHost: x\r\n\r\n", 426, /"reason":"upgrade_required"/],
  ["HEAD", `HEAD /api/stream HTTP/1.1\r\n${handshake}\r\n`, 426, /^$/],
  [
    "no key",
    "GET /api/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    400,
    /WebSocket handshake/,
  ],
  ["an old version", `GET /api/stream HTTP/1.1\r\n${handshake.replace("13", "7")}\r\n`, 400, /WebSocket handshake/],
  ["no host", `GET /api/stream HTTP/1.1\r\n${handshake.replace("Host: x\r\n", "")}\r\n`, 400, /no Host header/],
];

test("what is no WebSocket of ours gets the answer of a plain request", async (t) => {
  const { port, lives } = await startLiveServer(t);
  for (const [name, request, status, body] of refused) {
    const { socket, closed, received } = await rawConnection(t, port);
    socket.write(request);
    await received("\r\n\r\n");
    socket.end();
    const [head = "", text = ""] = (await closed).split("\r\n\r\n", 2);
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), name);
    assert.match(head, /x-request-id: /i, name);
    assert.match(text, body, name);
  }
  assert.equal(lives.length, 0);
});

test("a client that would rather speak HTTP/2 is served, with the body of its request", async (t) => {
  const { port, server } = await startLiveServer(t);
  const { socket, received } = await rawConnection(t, port);
  const body = '{"model_path":"model/cn"}';
  socket.write(
    "POST /api/models/load HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
      `HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  assert.match(await received('"success":true'), /^HTTP\/1.1 200 /);
  assert.equal(server.api.loads[0]?.path, "model/cn");
});

test("of the subprotocols that are offered only its own is taken", async (t) => {
  const { port } = await startLiveServer(t);
  for (const [offer, taken] of [
    ["secret.abc, voxpool", "voxpool"],
    ["secret.abc", undefined],
  ] as const) {
    const { socket, received } = await rawConnection(t, port);
    socket.write(`GET /api/stream HTTP/1.1\r\n${handshake}Sec-WebSocket-Protocol: ${offer}\r\n\r\n`);
    const head = await received("\r\n\r\n");
    assert.match(head, /^HTTP\/1.1 101 /);
    assert.equal(/sec-websocket-protocol: (.*)\r\n/i.exec(head)?.[1], taken);
  }
});

test("a server that stops refuses what comes on connections that live", async (t) => {
  const { port, server, url } = await startLiveServer(t);
  await connect(t, url);
  const { socket, received, closed } = await rawConnection(t, port);
  socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  await received("HTTP/1.1 200");
  const stopped = server.fastify.close();
  socket.write(`GET /api/stream HTTP/1.1\r\n${handshake}\r\n`);
  await stopped;
  const text = await closed;
  assert.doesNotMatch(text, / 101 /);
});
