// Words while they are spoken, by the bare protocol:  npx node examples/live.ts speech.wav [model/cn]
// A recording stands for the microphone: it is sent as fast as it was spoken. When the connection breaks, it goes on.
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { LiveEvent } from "@voxpool/client/contract";

const [path = "speech.wav", model_path] = process.argv.slice(2);
const server = (process.env.VOXPOOL_URL ?? "http://127.0.0.1:5000").replace(/\/+$/, "").replace(/\/api$/, "");
const url = `${server}/api/stream`.replace(/^http/, "ws");

const wav = await readFile(path).catch((error: Error) => fail(`${path} cannot be read: ${error.message}`));
// With a head of 44 bytes, as most have.
if (wav.toString("latin1", 0, 4) !== "RIFF" || wav.length < 44) fail(`${path} is no WAV file`);
const channels = wav.readUInt16LE(22);
const sample_rate = wav.readUInt32LE(24);
const audio = wav.subarray(44);
const pieceSeconds = 0.1;
const pieceBytes = Math.round(pieceSeconds * sample_rate) * channels * 2;

let session_id: string | undefined;
let last = 0;
connect();

function connect(): void {
  const socket = new WebSocket(url);
  const start = { type: "start", model_path, encoding: "s16le", sample_rate, channels };
  const first = session_id === undefined ? start : { type: "resume", session_id, after: last };
  socket.addEventListener("open", () => socket.send(JSON.stringify(first)));
  socket.addEventListener("message", ({ data }) => hear(JSON.parse(data), socket));
  socket.addEventListener("close", ({ code, reason }) => {
    if (code === 1000) return;
    if (code !== 1006 || session_id === undefined) fail(reason || `no connection to ${url}`);
    console.error("the connection broke");
    setTimeout(connect, 500);
  });
}

function hear(event: LiveEvent, socket: WebSocket): void {
  last = event.number;
  if (event.type === "ready") {
    session_id = event.session_id;
    void speak(socket, event.received_bytes);
  }
  if (event.type === "partial") process.stderr.write(`${event.text}\r`);
  if (event.type === "final") console.log(`${event.segment.start.toFixed(2).padStart(7)} s  ${event.segment.text}`);
  if (event.type === "warning") console.error(event.message);
  if (event.type === "error") fail(event.message);
}

async function speak(socket: WebSocket, from: number): Promise<void> {
  for (let at = from; at < audio.length; at += pieceBytes) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(audio.subarray(at, at + pieceBytes));
    await wait(pieceSeconds * 1000);
  }
  socket.send(JSON.stringify({ type: "end" }));
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
