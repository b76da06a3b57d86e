import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { secureOptions } from "../../dist/base/certificate.js";
import { selfSigned } from "../../dist/cli/tls/self-signed.js";
import { frontTls } from "../../dist/gateway/tls-front.js";

/** Answers every request in one word. */
async function startFront(patienceMs: number) {
  const handshakeTimeout = patienceMs;
  const server = createServer({ ...secureOptions(selfSigned(["localhost"], 1)), handshakeTimeout }, (_, response) =>
    response.end("secret"),
  );
  frontTls(server, patienceMs);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

test("who says nothing, or begins a handshake and stops, is let go", async (t) => {
  const { server, port } = await startFront(30);
  t.after(() => server.close());
  for (const bytes of ["", "\x16", "\x16\x03\x01\x02\x00\x01"]) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.write(Buffer.from(bytes, "latin1"));
    socket.resume();
    await once(socket, "close");
  }
});

test("a handshake may come byte by byte, and plain HTTP is answered in the language of its sender", async (t) => {
  const { server, port } = await startFront(10_000);
  t.after(() => server.close());
  const raw = connect(port, "127.0.0.1").setNoDelay(true);
  await once(raw, "connect");
  const trickle = connectTls({ socket: slowly(raw), rejectUnauthorized: false });
  await once(trickle, "secureConnect");
  trickle.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  let answer = "";
  for await (const chunk of trickle) answer += String(chunk);
  assert.match(answer, /secret$/);

  for (const [language, says] of [
    ["", /This port speaks HTTPS/],
    ["Accept-Language: zh-CN,zh;q=0.9\r\n", /此端口使用 HTTPS/],
  ] as const) {
    const plain = connect(port, "127.0.0.1");
    plain.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${language}\r\n`);
    let text = "";
    for await (const chunk of plain) text += String(chunk);
    assert.match(text, says);
    assert.doesNotMatch(text, /secret/);
  }
});

/** Sends what is written one byte at a time. */
function slowly(socket: Socket): Duplex {
  const slow = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      for (const byte of chunk) socket.write(Buffer.of(byte));
      done();
    },
    final: (done) => void socket.end(done),
  });
  socket.on("data", (chunk) => slow.push(chunk)).on("end", () => slow.push(null));
  return slow;
}
