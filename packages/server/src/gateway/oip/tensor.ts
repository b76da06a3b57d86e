import { VoxpoolError } from "../../base/errors.ts";
import type { BodyReader } from "./body.ts";
import type { InferInput } from "./infer-request.ts";

/** What the protocol's samples are: FP32 of one channel. */
const sampleRateHz = 16_000;
const sampleBytes = 4;

/** The bytes of the recording that an input holds: a file as it is, samples behind the header of a WAV file. */
export async function* recordingOf(input: InferInput, body: BodyReader): AsyncGenerator<Uint8Array> {
  if (input.kind === "samples") {
    yield wavHeader(input.count);
    if ("data" in input) yield new Uint8Array(input.data.buffer);
    else yield* body.last(input.bytes);
  } else if ("data" in input) yield input.data;
  else {
    // A binary element of BYTES is its length and itself.
    const length = (await body.take(4)).readUInt32LE();
    if (length !== input.bytes - 4) throw invalid("the length of its BYTES element does not fit binary_data_size");
    yield* body.last(length);
  }
}

/**
 * The recording in a body that is nothing but the one input, without JSON: samples, unless it is a file.
 * @param isFile whether its content type says so; a WAV file is known by itself
 */
export async function* bareRecording(body: BodyReader, isFile: boolean): AsyncGenerator<Uint8Array> {
  const chunks = body.rest();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < 12) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    length += next.value.length;
  }
  const start = Buffer.concat(head, length);
  // No four samples can have these bytes: each would be far above full scale.
  const isWav = /^RIFF....WAVE/s.test(start.toString("latin1", 0, 12));
  if (isFile || isWav) {
    yield start;
    yield* chunks;
    return;
  }
  yield wavHeader(undefined);
  yield start;
  for await (const chunk of chunks) {
    length += chunk.length;
    yield chunk;
  }
  if (length % sampleBytes !== 0) throw invalid("its body is no whole number of FP32 samples");
}

/** The header of a WAV file of float samples, 16 kHz mono. @param count undefined: as many as follow */
export function wavHeader(count: number | undefined): Buffer {
  const endless = 0xff_ff_ff_ff;
  const size = count === undefined ? endless : Math.min(count * sampleBytes, endless);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(Math.min(size + 36, endless), 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(3, 20); // IEEE float
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * sampleBytes, 28);
  header.writeUInt16LE(sampleBytes, 32);
  header.writeUInt16LE(sampleBytes * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(size, 40);
  return header;
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("request_invalid", { detail });
}
