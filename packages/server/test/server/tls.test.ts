import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { suite, test } from "node:test";
import { connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { ModelAPIClient } from "@voxpool/client";
import { WebSocket } from "ws";
import { freePort } from "../../../../test/fixtures/free-port.ts";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { pcmBytes } from "../../../../test/fixtures/wav.ts";
import { neighbourAt } from "../../dist/base/neighbour.js";
import { scratchDirectory } from "../base/scratch.ts";
import { collect, finalsOf, openSession } from "../sdk/sessions.ts";
import { heardLog, pairIn, writePair } from "./certificates.ts";
import { startRunning, toneWav } from "./running.ts";

const readAgain = "the certificate was read again";
const notTakenUp = "the new certificate is not taken up; the old one stays";

/** What is known of a server after a handshake. */
async function shaken(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

async function serialAt(port: number): Promise<string | undefined> {
  const socket = await shaken(port);
  const serial = socket.getPeerX509Certificate()?.serialNumber;
  socket.destroy();
  return serial;
}

/** All that comes back for these bytes, until the other side ends the connection. */
async function answerTo(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connectPlain(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => undefined).on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.write(bytes);
  await once(socket, "close");
  return text;
}

suite("a server with a certificate", () => {
  test("speaks HTTPS and WSS, and takes new certificates under open connections", async (t) => {
    const pair = pairIn(scratchDirectory(t));
    setDefaultCACertificates([...getCACertificates(), writePair(pair)]);
    const { log, lines, until } = heardLog();
    const voskPort = await freePort();
    const { server, client, fetch } = await startRunning(
      t,
      { cn: "tone" },
      { "tls.cert": pair.cert, "tls.key": pair.key, "vosk.port": voskPort },
      { log },
    );
    const port = Number(new URL(server.url).port);

    await t.test("says so in its URL, and answers the SDK", async () => {
      assert.equal(server.url, `https://127.0.0.1:${port}`);
      assert.equal(server.caFile, pair.cert);
      const said = await client.transcribe(toneWav("abc"));
      assert.equal(said.success && said.text, "abc");
      assert.deepEqual(await neighbourAt("127.0.0.1", port), { url: server.url, version: "0.1.0" });
    });

    await t.test("speaks TLS 1.2 and 1.3, and nothing older", async () => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const socket = await shaken(port, { minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        socket.destroy();
      }
      const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" };
      for (const at of [port, voskPort]) {
        await assert.rejects(shaken(at, old), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
      }
    });

    await t.test("tells plain HTTP what it wants, and survives garbage", async () => {
      for (const at of [port, voskPort]) {
        const plain = await answerTo(at, "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n");
        assert.match(plain, /^HTTP\/1\.1 400 Bad Request\r\n/);
        const [, body = "{}"] = plain.split("\r\n\r\n");
        assert.equal((JSON.parse(body) as { reason: string }).reason, "https_required");
        for (const garbage of [
          Buffer.alloc(300, 0),
          Buffer.from([0x16]),
          Buffer.from([0x16, 3, 1, 0xff, 0xff, ...Array.from({ length: 500 }, (_, index) => index % 256)]),
          Buffer.from([0x80, 0x2e, 1, 0, 2]),
          Buffer.from("\x16\x03\x01\x00\x05GET /"),
        ]) {
          const socket = connectPlain(at, "127.0.0.1").on("error", () => undefined);
          socket.end(garbage);
          socket.resume();
          await once(socket, "close");
        }
        const wrong = await shaken(at);
        wrong.end("no HTTP at all\r\n\r\n");
        wrong.on("error", () => undefined).resume();
        await once(wrong, "close");
      }
      const plainly = await new ModelAPIClient(`http://127.0.0.1:${port}/api`, { retry: false }).listModels();
      assert.equal(!plainly.success && plainly.reason, "https_required");
      assert.equal((await fetch("/livez")).status, 200);
    });

    await t.test("vosk-server's port speaks wss with the same certificate", async () => {
      const socket = new WebSocket(`wss://localhost:${voskPort}`);
      await once(socket, "open");
      socket.send(JSON.stringify({ config: { sample_rate: 16_000 } }));
      socket.send(pcmBytes(joinedSignals(toneSignal("abc"), silentSignal(0.6))));
      socket.send('{"eof": 1}');
      let said = "";
      socket.on("message", (data: Buffer) => (said += (JSON.parse(data.toString()) as { text?: string }).text ?? ""));
      await once(socket, "close");
      assert.equal(said, "abc");
    });

    await t.test("a live session and an upload go on while the certificate is replaced", async (sub) => {
      const before = await serialAt(port);
      const session = await openSession(sub, server.url, { retry: false });
      const events = collect(session);
      const pause = silentSignal(0.6);
      await session.write(pcmBytes(joinedSignals(toneSignal("abc"), pause)));
      const wav = toneWav("bca");
      const upload = request(`${server.url}/api/transcribe`, {
        method: "POST",
        headers: { "content-type": "audio/wav", "content-length": wav.length },
      });
      const uploaded = once(upload, "response");
      upload.write(wav.subarray(0, 1000));
      await session.finalize();

      const again = until(readAgain);
      setDefaultCACertificates([...getCACertificates(), writePair(pair)]);
      await again; // by looking at the files, with nobody saying anything
      assert.notEqual(await serialAt(port), before);
      assert.equal(await serialAt(voskPort), await serialAt(port));
      assert.equal((await new ModelAPIClient(server.url, { retry: false }).checkHealth()).success, true);

      await session.write(pcmBytes(joinedSignals(toneSignal("de"), pause)));
      const summary = await session.end();
      assert.ok(summary.success, JSON.stringify(summary));
      assert.deepEqual(finalsOf(await events), ["abc", "de"]);
      upload.end(wav.subarray(1000));
      const [response] = (await uploaded) as [AsyncIterable<Buffer>];
      let body = "";
      for await (const chunk of response) body += chunk.toString();
      assert.equal((JSON.parse(body) as { text: string }).text, "bca");
    });

    await t.test("what is wrong with new files is said, and the old certificate stays", async () => {
      const before = await serialAt(port);
      for (const [break_, says] of [
        [() => writeFileSync(pair.cert, "no certificate"), /cert\.pem: it is no certificate in PEM/],
        [() => writeFileSync(pair.cert, ""), /cert\.pem: it is no certificate/],
        [
          () => {
            const { key } = pairIn(scratchDirectory(t));
            writePair({ cert: pair.cert, key });
          },
          /key\.pem: it is no key .* that belongs to tls\.cert/,
        ],
      ] as const) {
        const told = until(notTakenUp);
        break_();
        assert.equal((await fetch("/api/config/reload", { method: "POST" })).status, 200);
        assert.match(String((await told).fields["detail"]), says);
        assert.equal(await serialAt(port), before);
      }
      const again = until(readAgain);
      setDefaultCACertificates([...getCACertificates(), writePair(pair)]);
      await fetch("/api/config/reload", { method: "POST" }).catch(() => undefined);
      await again;
      assert.notEqual(await serialAt(port), before);
    });

    await t.test("ends although connections hang in their handshake", async () => {
      const hanging = [
        connectPlain(port, "127.0.0.1"),
        connectPlain(port, "127.0.0.1"),
        connectPlain(voskPort, "127.0.0.1"),
      ];
      for (const socket of hanging) socket.on("error", () => undefined).resume();
      await Promise.all(hanging.map((socket) => once(socket, "connect")));
      hanging[1]?.write(Buffer.from([0x16, 3, 1, 2, 0]));
      const cut = Promise.all(hanging.map((socket) => once(socket, "close")));
      await server.stop();
      await cut;
    });
    assert.ok(!lines.some(({ level, message }) => level === "error" && message !== notTakenUp));
  });

  test("does not start with files that are wrong, and says which", async (t) => {
    const directory = scratchDirectory(t);
    const pair = pairIn(directory);
    const start = (config: object) => startRunning(t, {}, config);
    await assert.rejects(start({ "tls.cert": pair.cert, "tls.key": pair.key }), /tls\.cert.*there is no such file/s);
    writePair(pair);
    await assert.rejects(start({ "tls.cert": pair.cert }), /tls\.key: it is needed beside tls\.cert/);
    await assert.rejects(start({ "tls.cert": directory, "tls.key": pair.key }), /it is no file/);
    await assert.rejects(start({ "tls.cert": pair.cert, "tls.key": pair.cert }), /tls\.key.*it is no key in PEM/s);
  });

  test("vosk.tls off leaves that port without TLS; an expired certificate is said at the start", async (t) => {
    const pair = pairIn(scratchDirectory(t));
    writePair(pair, { days: 1, agoDays: 3 });
    const voskPort = await freePort();
    const { log, lines } = heardLog();
    const { server } = await startRunning(
      t,
      { cn: "tone" },
      { "tls.cert": pair.cert, "tls.key": pair.key, "vosk.port": voskPort, "vosk.tls": false },
      { log },
    );
    const expired = lines.filter(({ message }) => message === "the certificate has expired: clients refuse it");
    assert.deepEqual(
      expired.map(({ level }) => level),
      ["error"],
    );
    const socket = new WebSocket(`ws://127.0.0.1:${voskPort}`);
    await once(socket, "open");
    socket.close();
    const refused = await new ModelAPIClient(server.url, { retry: false }).checkHealth();
    assert.ok(!refused.success);
    assert.equal(refused.reason, "certificate_untrusted");
  });
});
