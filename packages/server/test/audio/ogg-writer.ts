/** Pages of Ogg (RFC 3533) for tests. */

export interface Page {
  readonly serial?: number;
  readonly granule?: number;
  readonly isFirst?: boolean;
  readonly isLast?: boolean;
}

/** Whole packets only, 255 bytes of lacing at most. */
export function oggPage(packets: readonly Uint8Array[], page: Page = {}): Buffer {
  const lacing = packets.flatMap(({ length }) => [...Array(Math.floor(length / 255)).fill(255), length % 255]);
  const head = Buffer.alloc(27);
  head.write("OggS");
  head[5] = (page.isFirst === true ? 2 : 0) | (page.isLast === true ? 4 : 0);
  head.writeBigInt64LE(BigInt(page.granule ?? -1), 6);
  head.writeUInt32LE(page.serial ?? 1, 14);
  head[26] = lacing.length;
  const whole = Buffer.concat([head, Buffer.from(lacing), ...packets]);
  whole.writeUInt32LE(crc32(whole), 22);
  return whole;
}

/** A header of Opus: mono, nothing skipped. */
export const opusHead = Buffer.concat([Buffer.from("OpusHead"), Buffer.from([1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0])]);

/** A stream of Opus: header pages, then packets, so many a page. */
export function writeOgg(packets: readonly Uint8Array[], serial = 1, each = 25): Buffer {
  const pages = [oggPage([opusHead], { serial, isFirst: true }), oggPage([Buffer.from("OpusTags")], { serial })];
  for (let from = 0; from < packets.length; from += each) {
    pages.push(
      oggPage(packets.slice(from, from + each), { serial, granule: 960 * Math.min(packets.length, from + each) }),
    );
  }
  return Buffer.concat(pages);
}

/** The polynomial of Ogg, highest bit first; not the one of zlib. */
function crc32(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return crc >>> 0;
}
