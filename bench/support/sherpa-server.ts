import { join } from "node:path";
import { freePort } from "../../test/fixtures/free-port.ts";
import { type Bench, Unavailable } from "./case.ts";
import { startProcess } from "./processes.ts";
import { pythonPrograms } from "./python.ts";
import type { Recording } from "./recordings.ts";

export const sherpaPackage = "sherpa-onnx-bin==1.13.8";

/** sherpa-onnx's own server in C++: whole files over a WebSocket. */
export interface SherpaServer {
  readonly workThreads: number;
  connect(): Promise<SherpaConnection>;
  stop(): Promise<void>;
}

export async function startSherpaServer(bench: Bench, workThreads: number): Promise<SherpaServer> {
  const programs = pythonPrograms(bench, [sherpaPackage]);
  const port = await freePort();
  const started = await startProcess({
    command: join(programs, "sherpa-onnx-offline-websocket-server"),
    args: [
      `--port=${port}`,
      `--num-work-threads=${workThreads}`,
      "--num-threads=1",
      "--max-batch-size=1",
      `--log-file=${join(bench.temporaryDirectory, `sherpa-${workThreads}.txt`)}`,
      ...modelArguments(bench),
    ],
    logFile: join(bench.temporaryDirectory, `sherpa-${workThreads}.log`),
    port,
  });
  return { workThreads, stop: () => started.stop(), connect: () => SherpaConnection.open(`ws://127.0.0.1:${port}`) };
}

function modelArguments({ model: { spec } }: Bench): readonly string[] {
  const { tokens, encoder, mergedDecoder, model } = spec.files;
  switch (spec.family) {
    case "moonshine":
      return [`--tokens=${tokens}`, `--moonshine-encoder=${encoder}`, `--moonshine-merged-decoder=${mergedDecoder}`];
    case "nemo-ctc":
      return [`--tokens=${tokens}`, `--nemo-ctc-model=${model}`];
    default:
      throw new Unavailable(`nobody has written down how the peer is told of ${spec.family}`);
  }
}

/** One connection; one file at a time. */
export class SherpaConnection {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<SherpaConnection> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", () => reject(new Error(`no WebSocket at ${url}`)), { once: true });
    });
    return new SherpaConnection(socket);
  }

  /** The words, by the peer's protocol: rate and byte count as i32 LE, then the samples as f32 LE. */
  recognize({ samples }: Recording): Promise<string> {
    const message = new Uint8Array(8 + samples.byteLength);
    const head = new DataView(message.buffer);
    head.setInt32(0, 16_000, true);
    head.setInt32(4, samples.byteLength, true);
    message.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 8);
    return new Promise((resolve, reject) => {
      const closed = () => reject(new Error("the peer has closed the connection"));
      this.#socket.addEventListener("close", closed, { once: true });
      this.#socket.addEventListener(
        "message",
        ({ data }) => {
          this.#socket.removeEventListener("close", closed);
          resolve(textOf(String(data)));
        },
        { once: true },
      );
      this.#socket.send(message);
    });
  }

  close(): void {
    this.#socket.send("Done");
    this.#socket.close();
  }
}

function textOf(answer: string): string {
  const parsed: unknown = JSON.parse(answer);
  if (typeof parsed === "object" && parsed !== null && "text" in parsed) return String(parsed.text).trim();
  throw new Error("the peer's answer has no text");
}
