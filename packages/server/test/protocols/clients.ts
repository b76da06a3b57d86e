import { once } from "node:events";
import type { TestContext } from "node:test";
import { pcmBytes, wavBytes } from "../../../../test/fixtures/wav.ts";
import { connectRealtime, pcm24k, type RealtimeClient, type RealtimeEvent } from "../openai/realtime-client.ts";
import type { Running } from "../server/running.ts";
import { configOf, textsOf, VoskClient } from "../vosk-server/client.ts";
import { connect } from "../ws/socket.ts";
import { format, openClient, toInt16 } from "../wyoming/support.ts";
import type { ProtocolName } from "./table.ts";

export interface Place {
  readonly t: TestContext;
  readonly running: Running;
  readonly voskUrl: string;
  readonly wyomingPort: number;
}

/** A client of one protocol, as small as it can be. Samples are 16 kHz. */
export interface ProtocolClient {
  /** The text of an utterance. @throws Refused */
  say(place: Place, model: string, samples: Float32Array): Promise<string>;
  /** Begins to say it, and goes away before the end, once the server has taken what was said so far. */
  leave(place: Place, model: string, samples: Float32Array): Promise<void>;
}

/** What the protocol says of a failure, in its own form. */
export class Refused extends Error {
  readonly form: unknown;

  constructor(form: unknown) {
    super(JSON.stringify(form));
    this.form = form;
  }
}

const whole = (samples: Float32Array) => new Uint8Array(wavBytes(samples, 16_000));

/** Sends a request whose body does not end, and hangs up once the server has begun to read it. */
async function hangUp({ running }: Place, path: string, headers: Record<string, string>, begin: Uint8Array) {
  const gone = new AbortController();
  const isTaken = Promise.withResolvers<void>();
  const parts = [begin, begin];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = parts.shift();
        if (part) return controller.enqueue(part);
        isTaken.resolve(); // who asks for more has taken what there was
        return new Promise<void>(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const { signal } = gone;
  const answer = running.fetch(path, { method: "POST", headers, body, signal, duplex: "half" } as RequestInit);
  answer.catch(() => undefined);
  await isTaken.promise;
  gone.abort();
}

const native: ProtocolClient = {
  async say({ running }, model, samples) {
    const path = `/api/transcribe?model_path=${encodeURIComponent(model)}`;
    const answer = await running.fetch(path, { method: "POST", headers: audio, body: whole(samples) });
    const body = (await answer.json()) as { success: boolean; text: string };
    if (!body.success) throw new Refused(body);
    return body.text;
  },
  leave: (place, model, samples) =>
    hangUp(place, `/api/transcribe?model_path=${encodeURIComponent(model)}`, audio, whole(samples)),
};

const audio = { "content-type": "audio/wav" };

const stream: ProtocolClient = {
  async say({ t, running }, model, samples) {
    const client = await connect(t, `${running.server.url.replace("http", "ws")}/api/stream`);
    client.send({ type: "start", model_path: model, endpointing: { mode: "manual" } });
    const first = await client.next();
    if (first.type === "error") throw new Refused(first);
    client.socket.send(pcmBytes(samples));
    client.send({ type: "end" });
    await client.closed;
    return client.events.flatMap((event) => (event.type === "final" ? [event.segment.text] : [])).join(" ");
  },
  async leave({ t, running }, model, samples) {
    const client = await connect(t, `${running.server.url.replace("http", "ws")}/api/stream`);
    client.send({ type: "start", model_path: model });
    await client.until("ready");
    client.socket.send(pcmBytes(samples));
    await client.until("speech_started");
    client.socket.close(1000);
    await client.closed;
  },
};

const openai: ProtocolClient = {
  async say({ running }, model, samples) {
    const form = new FormData();
    form.set("file", new Blob([whole(samples)]), "said.wav");
    form.set("model", model);
    const answer = await running.fetch("/v1/audio/transcriptions", { method: "POST", body: form });
    const body = (await answer.json()) as { text: string };
    if (!answer.ok) throw new Refused(body);
    return body.text;
  },
  leave(place, model, samples) {
    const head =
      `--edge\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n` +
      '--edge\r\ncontent-disposition: form-data; name="file"; filename="said.wav"\r\n\r\n';
    const begin = Buffer.concat([Buffer.from(head), whole(samples)]);
    return hangUp(place, "/v1/audio/transcriptions", { "content-type": "multipart/form-data; boundary=edge" }, begin);
  },
};

const completed = "conversation.item.input_audio_transcription.completed";
const ends: readonly string[] = [completed, "conversation.item.input_audio_transcription.failed", "error"];

/** What becomes of an item, whichever way. */
async function endOf({ seen, socket }: RealtimeClient): Promise<RealtimeEvent> {
  for (;;) {
    const end = seen.find(({ type }) => ends.includes(type));
    if (end) return end;
    await once(socket, "message");
  }
}

const realtime: ProtocolClient = {
  async say({ t, running }, model, samples) {
    const client = await connectRealtime(t, running.server.url);
    const input = { format: { type: "audio/pcm", rate: 24_000 }, transcription: { model }, turn_detection: null };
    client.say("session.update", { session: { type: "transcription", audio: { input } } });
    await client.until("session.updated");
    client.append(pcm24k(samples));
    client.say("input_audio_buffer.commit");
    const end = await endOf(client);
    if (end.type !== completed) throw new Refused(end);
    client.socket.close(1000);
    return String(end["transcript"]);
  },
  async leave({ t, running }, model, samples) {
    const client = await connectRealtime(t, running.server.url, { query: `?model=${encodeURIComponent(model)}` });
    await client.until("session.created");
    client.append(pcm24k(samples));
    await client.until("input_audio_buffer.speech_started");
    client.socket.terminate();
    await client.closed();
  },
};

const vosk: ProtocolClient = {
  async say({ voskUrl }, model, samples) {
    const client = await VoskClient.open(voskUrl);
    client.send(configOf({ sample_rate: 16_000, model }));
    client.send(pcmBytes(samples));
    client.send('{"eof" : 1}');
    const first = await client.reply();
    if (first === undefined) throw new Refused(await client.closed);
    const last = await client.reply();
    await client.closed;
    return textsOf([first, last]);
  },
  async leave({ voskUrl }, model, samples) {
    const client = await VoskClient.open(voskUrl);
    client.send(configOf({ sample_rate: 16_000, model }));
    client.send(pcmBytes(samples));
    await client.reply();
    client.socket.terminate();
    await client.closed;
  },
};

const wyoming: ProtocolClient = {
  async say({ t, wyomingPort }, model, samples) {
    const client = await openClient(t, wyomingPort);
    try {
      const events = await client.say(toInt16(samples), { name: model });
      return String(events.at(-1)?.data["text"]);
    } catch (error) {
      throw new Refused(error instanceof Error ? error.message : error);
    } finally {
      client.socket.destroy();
    }
  },
  async leave({ t, wyomingPort }, model, samples) {
    const client = await openClient(t, wyomingPort);
    client.send("transcribe", { name: model });
    client.send("audio-start", format);
    client.send("audio-chunk", format, pcmBytes(samples));
    client.send("ping", {});
    await client.until("pong");
    client.socket.destroy();
    await client.closed;
  },
};

const oip: ProtocolClient = {
  async say({ running }, model, samples) {
    const inputs = [{ name: "audio", datatype: "FP32", shape: [samples.length], data: Array.from(samples) }];
    const body = JSON.stringify({ inputs });
    const answer = await running.fetch(`/v2/models/${model}/infer`, { method: "POST", body });
    const said = (await answer.json()) as { error?: string; outputs: readonly { data: readonly string[] }[] };
    if (!answer.ok) throw new Refused(said);
    return said.outputs[0]?.data[0] ?? "";
  },
  leave(place, model, samples) {
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: "audio", datatype: "FP32", shape: [1_000_000], parameters: { binary_data_size: 4_000_000 } }],
      }),
    );
    const begin = Buffer.concat([head, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)]);
    const headers = { "inference-header-content-length": String(head.length) };
    return hangUp(place, `/v2/models/${model}/infer`, headers, begin);
  },
};

export const clients: Readonly<Record<ProtocolName, ProtocolClient>> = {
  native,
  stream,
  openai,
  realtime,
  vosk,
  wyoming,
  oip,
};
