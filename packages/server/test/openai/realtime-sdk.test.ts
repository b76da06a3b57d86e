import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createServer } from "node:tls";
import OpenAI from "openai";
import { OpenAIRealtimeWS as BetaRealtime } from "openai/beta/realtime/ws";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { joinedSignals, silentSignal, toneSignal } from "../../../../test/fixtures/tone-model.ts";
import { startRunning } from "../server/running.ts";
import { pcm24k } from "./realtime-client.ts";

/** A certificate for `localhost`, or why there is none: Node cannot make one. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer } | { readonly skip: string } {
  const directory = mkdtempSync(join(tmpdir(), "voxpool-test-"));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-days", "2"];
  try {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    return { skip: "openssl, which makes the certificate that the SDK insists on, is missing" };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const tls = certificate();
const skip = "skip" in tls && tls.skip;

/** The SDK dials TLS alone: a proxy in front of the server, as users have one. */
async function clientBehindTls(t: TestContext): Promise<OpenAI> {
  assert.ok("key" in tls);
  const { server } = await startRunning(t, { tone: "tone" });
  const port = Number(new URL(server.url).port);
  const sockets = new Set<Socket>();
  const proxy = createServer(tls, (socket) => {
    const behind = connect({ port, host: "127.0.0.1" });
    for (const one of [socket, behind]) sockets.add(one.on("error", () => undefined));
    socket.pipe(behind).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const { port: proxyPort } = proxy.address() as AddressInfo;
  return new OpenAI({ baseURL: `https://localhost:${proxyPort}/v1`, apiKey: "none" });
}

const speech = pcm24k(joinedSignals(toneSignal("abc"), silentSignal(1)));
const options = { rejectUnauthorized: false };

test("the realtime client of the SDK for Node", { skip }, async (t) => {
  const client = await clientBehindTls(t);
  const realtime = new OpenAIRealtimeWS({ model: "tone", options }, client);
  t.after(() => realtime.socket.terminate());
  const errors: Error[] = [];
  realtime.on("error", (error) => errors.push(error));
  const transcript = new Promise<string>((resolve) => {
    realtime.on("conversation.item.input_audio_transcription.completed", (event) => resolve(event.transcript));
  });
  const created = new Promise<string>((resolve) => {
    realtime.on("session.created", ({ session }) => resolve(session.type));
  });
  assert.equal(await created, "transcription");
  const updated = new Promise<void>((resolve) => realtime.on("session.updated", () => resolve()));
  realtime.send({
    type: "session.update",
    session: {
      type: "transcription",
      audio: { input: { format: { type: "audio/pcm", rate: 24_000 }, transcription: { model: "whisper-1" } } },
    },
  });
  await updated;
  for (let at = 0; at < speech.length; at += 9600) {
    const audio = Buffer.from(speech.subarray(at, at + 9600)).toString("base64");
    realtime.send({ type: "input_audio_buffer.append", audio });
  }
  assert.equal(await transcript, "abc");
  const closed = once(realtime.socket, "close") as Promise<[number]>;
  realtime.close();
  assert.equal((await closed)[0], 1000);
  assert.deepEqual(errors, []);
});

test("the beta client of the SDK for Node, and an error that it raises while the session goes on", {
  skip,
}, async (t) => {
  const client = await clientBehindTls(t);
  const realtime = new BetaRealtime({ model: "gpt-4o-realtime-preview", options }, client);
  t.after(() => realtime.socket.terminate());
  const raised = new Promise<string | null | undefined>((resolve) => {
    realtime.on("error", ({ error }) => resolve(error?.code));
  });
  const transcript = new Promise<string>((resolve) => {
    realtime.on("conversation.item.input_audio_transcription.completed", (event) => resolve(event.transcript));
  });
  await once(realtime.socket, "open");
  realtime.send({ type: "input_audio_buffer.commit" });
  assert.equal(await raised, "input_audio_buffer_commit_empty");
  realtime.send({ type: "transcription_session.update", session: { turn_detection: null as never } });
  realtime.send({ type: "input_audio_buffer.append", audio: Buffer.from(speech).toString("base64") });
  realtime.send({ type: "input_audio_buffer.commit" });
  assert.equal(await transcript, "abc");
});
