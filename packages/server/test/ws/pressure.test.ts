import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { rawConnection } from "../gateway/harness.ts";
import { startLiveServer } from "./harness.ts";
import { frame, rawWebSocket } from "./raw-frames.ts";
import { final, partial, ScriptedLive } from "./scripted-live.ts";
import { connect } from "./socket.ts";

const megabyte = 1 << 20;

test("audio that comes faster than it is taken waits at the client, and all of it arrives", async (t) => {
  /** Takes each message some turns of the loop after it came. */
  class SlowLive extends ScriptedLive {
    bytes = 0;
    mostAhead = 0;

    override async write(bytes: Uint8Array): Promise<void> {
      for (let turns = 0; turns < 10; turns += 1) await turn();
      this.bytes += bytes.length;
      this.mostAhead = Math.max(this.mostAhead, (peer?.bytesRead ?? 0) - this.bytes);
    }
  }
  let peer: Socket | undefined;
  let live: SlowLive | undefined;
  const { server, url } = await startLiveServer(t, {
    async openLive(request, caller) {
      live = new SlowLive(request, caller);
      return live;
    },
  });
  server.fastify.server.once("connection", (socket: Socket) => {
    peer = socket;
  });
  const client = await connect(t, url);
  client.send({ type: "start" });
  await client.until("ready");
  const message = Buffer.alloc(64 * 1024, 1);
  for (let sent = 0; sent < 32 * megabyte; sent += message.length) client.socket.send(message);
  client.send({ type: "end" });
  assert.equal((await client.closed).code, 1000);
  assert.equal(live?.bytes, 32 * megabyte);
  assert.ok(live.mostAhead < megabyte, `${live.mostAhead} bytes were read ahead`);
});

test("whoever does not read events is ended, and until then no more of them are made", async (t) => {
  const { server, begin } = await startLiveServer(t, { config: { "limits.upload_idle_seconds": 0.3 } });
  const { client, live } = await begin();
  client.socket.pause();
  const long = "字".repeat(20_000);
  // More than the buffers of two sockets hold.
  live.say(...Array.from({ length: 1000 }, (_, id) => final(id, long)));
  await live.until(({ cancelled }) => cancelled !== undefined);
  assert.equal(live.cancelled?.reason, "client_too_slow");
  assert.ok(live.untaken > 500, `${live.untaken} are left`);
  client.socket.resume();
  const { code } = await client.closed;
  assert.ok(code === 1008 || code === 1006, String(code));
  const [line] = await server.requestLines(1);
  assert.equal(line?.fields.status, 101);
});

test("partials are left out for a reader who is behind, finals never", async (t) => {
  const { begin } = await startLiveServer(t);
  const { client, live } = await begin();
  client.socket.pause();
  const long = "word ".repeat(20_000);
  const said = Array.from({ length: 300 }, (_, id) => [partial(long), final(id, "one")]).flat();
  live.say(...said);
  await live.until(({ untaken }) => untaken === 0);
  client.socket.resume();
  client.send({ type: "end" });
  assert.equal((await client.closed).code, 1000);
  const finals = client.events.filter(({ type }) => type === "final").length;
  const partials = client.events.filter(({ type }) => type === "partial").length;
  assert.equal(finals, 300);
  assert.ok(partials < 300, `${partials} partials`);
});

test("a connection that begins nothing is ended, whatever else it does", async (t) => {
  const { url, port, lives } = await startLiveServer(t, { config: { "limits.live_idle_seconds": 0.2 } });
  const silent = await connect(t, url);
  const pinging = await connect(t, url);
  pinging.socket.on("pong", () => pinging.socket.ping());
  pinging.socket.ping();
  for (const { closed, events } of [silent, pinging]) {
    assert.deepEqual(await closed, { code: 1008, reason: "live_idle" });
    assert.match(JSON.stringify(events), /limits\.live_idle_seconds/);
  }
  const { socket, closeCode } = await rawWebSocket(t, port);
  socket.write(frame(0x81, Buffer.from('{"type":"start"}')).subarray(0, 9));
  assert.equal(await closeCode, 1008);
  assert.equal(lives.length, 0);
});

test("a peer that closes its half, or says nothing of it, leaves a session that can be resumed", async (t) => {
  const { server, begin, port, lives, url } = await startLiveServer(t);
  const { socket, closeCode } = await rawWebSocket(t, port);
  socket.write(frame(0x81, Buffer.from('{"type":"start"}')));
  const [data] = (await once(socket, "data")) as [Buffer];
  const { session_id } = JSON.parse(data.subarray(data.indexOf("{")).toString()) as { session_id: string };
  socket.end();
  assert.equal(await closeCode, undefined);
  await server.requestLines(1);
  assert.equal(lives[0]?.cancelled, undefined);
  const again = await connect(t, url);
  again.send({ type: "resume", session_id, after: 1 });
  await again.until("ready");
  await begin();
});

test("half a handshake is ended as half a request", async (t) => {
  const { port } = await startLiveServer(t, { headTimeoutMs: 200 });
  const { socket, closed } = await rawConnection(t, port);
  socket.write("GET /api/stream HTTP/1.1\r\nConnection: Upgrade\r\n");
  assert.match(await closed, /^HTTP\/1.1 408 /);
});
