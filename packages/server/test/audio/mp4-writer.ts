/** Just enough of MP4 (ISO 14496-12) for tests: one track of Opus with tables as they are given. */

export interface Mp4Tables {
  /** Where each chunk is, counted from the first byte of the sound; one chunk unless given. */
  readonly chunks?: readonly number[];
  /** Packets a chunk has; all of them unless given. */
  readonly perChunk?: number;
  /** Size of every packet, how many of them: instead of a table of sizes. */
  readonly same?: readonly [size: number, count: number];
}

const soundStart = 24 + 8;

/** Packets of 48 kHz mono Opus behind each other, and the header at the end. */
export function writeMp4(packets: readonly Uint8Array[], tables: Mp4Tables = {}): Uint8Array {
  const { chunks = [0], perChunk, same } = tables;
  const count = same?.[1] ?? packets.length;
  const sizes = same === undefined ? packets.map(({ length }) => length) : [];
  const stbl = box(
    "stbl",
    box("stsd", numbers(0, 1), opusEntry()),
    box("stsz", numbers(0, same?.[0] ?? 0, count), numbersOf(sizes)),
    box("stsc", numbers(0, 1, 1, perChunk ?? count, 1)),
    box("stco", numbers(0, chunks.length), numbersOf(chunks.map((at) => soundStart + at))),
  );
  return Buffer.concat([
    box("ftyp", Buffer.from("isom"), numbers(0), Buffer.from("isomiso2")),
    box("mdat", ...packets),
    box("moov", movieHeader(), track(stbl)),
  ]);
}

/** The same packets in fragments of so many. */
export function writeFragments(packets: readonly Uint8Array[], each: number): Uint8Array {
  const empty = ["stsz", "stsc", "stco"].map((name) => box(name, numbers(0, 0, 0)));
  const stbl = box("stbl", box("stsd", numbers(0, 1), opusEntry()), ...empty);
  const defaults = box("mvex", box("trex", numbers(0, 1, 1, 960, 0, 0)));
  const parts = [box("ftyp", Buffer.from("isomisom")), box("moov", movieHeader(), track(stbl), defaults)];
  for (let from = 0; from < packets.length; from += each) {
    const some = packets.slice(from, from + each);
    const moof = (offset: number) =>
      box(
        "moof",
        box("mfhd", numbers(0, 1)),
        box(
          "traf",
          box("tfhd", numbers(0x02_0000, 1)),
          box("trun", numbers(0x201, some.length, offset), numbersOf(some.map(({ length }) => length))),
        ),
      );
    parts.push(moof(moof(0).length + 8), box("mdat", ...some));
  }
  return Buffer.concat(parts);
}

export function box(name: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([numbers(body.length + 8), Buffer.from(name, "latin1"), body]);
}

export function numbers(...values: readonly number[]): Buffer {
  return numbersOf(values);
}

function numbersOf(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [n, value] of values.entries()) bytes.writeUInt32BE(value, 4 * n);
  return bytes;
}

function movieHeader(): Buffer {
  return box("mvhd", numbers(0, 0, 0, 48_000, 0), Buffer.alloc(80));
}

function track(stbl: Uint8Array): Buffer {
  const media = box(
    "mdia",
    box("mdhd", numbers(0, 0, 0, 48_000, 0, 0)),
    box("hdlr", numbers(0, 0), Buffer.from("soun"), Buffer.alloc(13)),
    box("minf", stbl),
  );
  return box("trak", box("tkhd", numbers(0, 0, 0, 1), Buffer.alloc(68)), media);
}

function opusEntry(): Buffer {
  const fields = Buffer.alloc(28);
  fields.writeUInt16BE(1, 6);
  fields.writeUInt16BE(1, 16);
  fields.writeUInt16BE(16, 18);
  fields.writeUInt32BE(48_000 * 65_536, 24);
  const head = Buffer.from([0, 1, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0]);
  return box("Opus", fields, box("dOps", head));
}
