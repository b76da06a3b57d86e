import { once } from "node:events";
import { connect } from "node:net";
import { pcmBytes } from "../../test/fixtures/wav.ts";
import type { HttpClient } from "./http.ts";
import type { Recording } from "./recordings.ts";

/** Where a server is reached by all it speaks. */
export interface Places {
  readonly url: string;
  readonly modelPath: string;
  readonly voskPort: number;
  readonly wyomingPort: number;
}

/** Sends a recording as fast as it is taken, over one protocol, and gives its words. */
export interface ProtocolClient {
  readonly name: string;
  say(places: Places, http: HttpClient, recording: Recording): Promise<string>;
}

/** A second of samples: what is sent in one message. */
const step = 16_000;

const native: ProtocolClient = {
  name: "native",
  async say({ modelPath }, http, recording) {
    const { body } = await http.transcribe(recording, { model_path: modelPath });
    return String(body.text);
  },
};

const openai: ProtocolClient = {
  name: "OpenAI, multipart",
  async say({ modelPath }, http, { bytes }) {
    const head =
      `--edge\r\ncontent-disposition: form-data; name="model"\r\n\r\n${modelPath}\r\n` +
      '--edge\r\ncontent-disposition: form-data; name="file"; filename="said.wav"\r\n' +
      "content-type: audio/wav\r\n\r\n";
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n--edge--\r\n")]);
    const answer = await http.send("POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=edge", body);
    if (answer.status !== 200) throw new Error(`/v1 answered ${answer.status}`);
    return String(answer.body.text);
  },
};

/** @param tensor the bytes behind the JSON, and what they are */
async function infer({ modelPath }: Places, http: HttpClient, datatype: string, shape: number, tensor: Uint8Array) {
  const parameters = { binary_data_size: tensor.byteLength };
  const json = Buffer.from(JSON.stringify({ inputs: [{ name: "audio", datatype, shape: [shape], parameters }] }));
  const path = `/v2/models/${modelPath.split("/").map(encodeURIComponent).join("/")}/infer`;
  const headers = { "inference-header-content-length": String(json.length) };
  const body = Buffer.concat([json, tensor]);
  const answer = await http.send("POST", path, "application/octet-stream", body, headers);
  if (answer.status !== 200) throw new Error(`/v2 answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const [text] = answer.body.outputs as readonly { readonly data: readonly string[] }[];
  return text?.data[0] ?? "";
}

const oipSamples: ProtocolClient = {
  name: "Open Inference, FP32 tensor",
  say: (places, http, { samples }) =>
    infer(places, http, "FP32", samples.length, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)),
};

const stream: ProtocolClient = {
  name: "live stream",
  async say({ url, modelPath }, _http, { samples }) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/stream`);
    const texts: string[] = [];
    const over = Promise.withResolvers<void>();
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "start", model_path: modelPath, sample_rate: 16_000, partials: false }));
      for (const piece of pieces(samples)) socket.send(piece);
      socket.send('{"type":"end"}');
    });
    socket.addEventListener("message", ({ data }) => {
      const event = JSON.parse(String(data)) as { type: string; message?: string; segment?: { text: string } };
      if (event.type === "final") texts.push(event.segment?.text ?? "");
      if (event.type === "ended") over.resolve();
      if (event.type === "error") over.reject(new Error(event.message));
    });
    socket.addEventListener("error", () => over.reject(new Error("no live stream")));
    await over.promise;
    socket.close();
    return texts.join(" ");
  },
};

const vosk: ProtocolClient = {
  name: "vosk-server",
  async say({ voskPort, modelPath }, _http, { samples }) {
    const socket = new WebSocket(`ws://127.0.0.1:${voskPort}`);
    const texts: string[] = [];
    const over = Promise.withResolvers<void>();
    let open = 1; // what is to be answered: each message of audio, and the end
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ config: { sample_rate: 16_000, model: modelPath } }));
      for (const piece of pieces(samples)) {
        open += 1;
        socket.send(piece);
      }
      socket.send('{"eof" : 1}');
    });
    socket.addEventListener("message", ({ data }) => {
      const { text } = JSON.parse(String(data)) as { text?: string };
      if (text) texts.push(text);
      open -= 1;
      if (open === 0) over.resolve();
    });
    socket.addEventListener("close", ({ reason }) => over.reject(new Error(`the connection ended: ${reason}`)));
    await over.promise;
    socket.close();
    return texts.join(" ");
  },
};

const wyoming: ProtocolClient = {
  name: "Wyoming",
  async say({ wyomingPort, modelPath }, _http, { samples }) {
    const socket = connect(wyomingPort, "127.0.0.1");
    await once(socket, "connect");
    const send = (type: string, data: object, payload = new Uint8Array()) => {
      const length = payload.length === 0 ? {} : { payload_length: payload.length };
      socket.write(Buffer.concat([Buffer.from(`${JSON.stringify({ type, data, ...length })}\n`), payload]));
    };
    const format = { rate: 16_000, width: 2, channels: 1 };
    send("transcribe", { name: modelPath });
    send("audio-start", format);
    for (const piece of pieces(samples)) send("audio-chunk", format, piece);
    send("audio-stop", {});
    try {
      return await transcript(socket);
    } finally {
      socket.destroy();
    }
  },
};

/** The data of the event `transcript`, which is the last one. */
async function transcript(socket: AsyncIterable<Buffer>): Promise<string> {
  let received = "";
  for await (const chunk of socket) {
    received += chunk.toString("utf8");
    const found = /\{"text":"((?:[^"\\]|\\.)*)"/.exec(received);
    if (found && received.includes('"transcript"')) return JSON.parse(`"${found[1]}"`) as string;
  }
  throw new Error(`the connection ended: ${received}`);
}

function* pieces(samples: Float32Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < samples.length; at += step) yield new Uint8Array(pcmBytes(samples.subarray(at, at + step)));
}

export const nativeClient = native;

/** All others. */
export const protocolClients: readonly ProtocolClient[] = [openai, oipSamples, stream, vosk, wyoming];
