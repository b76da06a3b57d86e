import { crc32, deflateRawSync } from "node:zlib";

export { tarOf, zipOf } from "./registry.ts";

/** Bits that are written one after the other, the highest first. */
class Bits {
  readonly #bits: number[] = [];

  add(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push(Math.floor(value / 2 ** bit) % 2);
    return this;
  }

  bytes(): Buffer {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
    const bytes = Buffer.alloc(this.#bits.length / 8);
    for (const [index, bit] of this.#bits.entries())
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (7 - (index & 7)));
    return bytes;
  }
}

/** A block that knows one byte, zero, up to its symbols. Runs of it are written in twos, `RUNA` and `RUNB`. */
function beginBlock(bits: Bits, crc: number): Bits {
  bits.add(0x314159, 24).add(0x265359, 24).add(crc, 32).add(0, 1).add(0, 24);
  bits.add(0x8000, 16).add(0x8000, 16); // The byte 0 alone is used.
  bits.add(2, 3).add(1, 15).add(0, 1); // Two tables, one selector: the first.
  for (let table = 0; table < 2; table++) {
    bits.add(1, 5).add(0, 1); // RUNA: one bit, 0
    bits.add(0b10, 2).add(0, 1); // RUNB: two bits, 10
    bits.add(0, 1); // the end: two bits, 11
  }
  return bits;
}

const header = Buffer.from("BZh9");

export const emptyBzip2 = Buffer.concat([header, new Bits().add(0x177245, 24).add(0x385090, 24).add(0, 32).bytes()]);

/** A run whose length has so many binary digits, which overflows in decoders that count in 32 bits. */
export function endlessRun(symbols: number): Buffer {
  const bits = beginBlock(new Bits(), 0);
  for (let symbol = 0; symbol < symbols; symbol++) bits.add(0, 1);
  bits.add(0b11, 2);
  return Buffer.concat([header, bits.bytes(), Buffer.alloc(64)]);
}

/**
 * Zeroes, 0.7 MB for each block of some 30 bytes: after a run of four comes a count, which is a zero here, too, so that
 * five zeroes in the block stand for four.
 */
export function bzip2Bomb(blocks: number): Buffer {
  const length = 899_995;
  const zeroes = (length / 5) * 4;
  const crc = bzip2Crc(zeroes);
  const bits = new Bits();
  let combined = 0;
  for (let block = 0; block < blocks; block++) {
    beginBlock(bits, crc);
    // Bijective numeration with the digits 1 (RUNA) and 2 (RUNB), the lowest first.
    for (let rest = length; rest > 0; rest = Math.floor((rest - 1) / 2)) {
      if (rest % 2 === 1) bits.add(0, 1);
      else bits.add(0b10, 2);
    }
    bits.add(0b11, 2);
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
  }
  bits.add(0x177245, 24).add(0x385090, 24).add(combined, 32);
  return Buffer.concat([header, bits.bytes()]);
}

/** The checksum of bzip2 over so many zeroes: CRC-32 with the highest bit first. */
function bzip2Crc(count: number): number {
  let crc = 0xffffffff;
  for (let index = 0; index < count * 8; index++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return ~crc >>> 0;
}

export interface RawEntry {
  readonly path: string;
  readonly content: Buffer;
  /** What the directory says instead of the truth. */
  readonly says?: { readonly size?: number; readonly offset?: number };
}

/** A zip archive, deflated, whose directory may lie. */
export function lyingZip(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { path, content, says } of entries) {
    const data = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(says?.size ?? content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(path), 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((0o100644 * 0x10000) >>> 0, 6);
    tail.writeUInt32LE(says?.offset ?? offset, 10);
    centrals.push(
      Buffer.concat([Buffer.from("PK\u0001\u0002"), Buffer.from([20, 3]), common, tail, Buffer.from(path)]),
    );
    if (says?.offset === undefined) {
      const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(path), data]);
      locals.push(local);
      offset += local.length;
    }
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from("PK\u0005\u0006"), end]);
}
