/** AIFF and AIFF-C for tests. */

export interface Aiff {
  /** Of AIFF-C; unset: plain AIFF. */
  readonly compression?: string;
  readonly bits: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly soundSize?: number;
  /** Bytes of a chunk in front that is of no interest. */
  readonly noteBytes?: number;
}

/** Written from the specification; `sound` is what follows the header of the SSND chunk. */
export function writeAiff(
  sound: Uint8Array,
  { compression, bits, channels = 1, rate = 16_000, soundSize, noteBytes = 3 }: Aiff,
): Uint8Array {
  const comm = Buffer.alloc(compression === undefined ? 18 : 24);
  comm.writeUInt16BE(channels, 0);
  comm.writeUInt32BE(Math.floor((sound.length * 8) / bits / Math.max(1, channels)), 2);
  comm.writeUInt16BE(bits, 6);
  const exponent = Math.floor(Math.log2(rate));
  comm.writeUInt16BE(16_383 + exponent, 8);
  comm.writeBigUInt64BE(BigInt(rate) << BigInt(63 - exponent), 10);
  if (compression !== undefined) comm.write(compression, 18, "latin1");
  const head = Buffer.alloc(8);
  const body = Buffer.concat([
    Buffer.from(compression === undefined ? "AIFF" : "AIFC"),
    chunk("ANNO", Buffer.alloc(noteBytes, "odd")),
    chunk("COMM", comm),
    chunk("SSND", Buffer.concat([head, sound]), soundSize),
  ]);
  return chunk("FORM", body);
}

function chunk(name: string, body: Uint8Array, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32BE(size, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}
