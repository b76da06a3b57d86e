/** Just enough of Matroska (RFC 9559) for tests: one track, clusters of simple blocks. */

export interface Track {
  readonly codec: string;
  readonly header?: Uint8Array;
  readonly rateHz: number;
  readonly channels?: number;
}

export function element(id: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(body.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(id, "hex"), size, body]);
}

/** Blocks of the packets, `each` in a cluster. */
export function writeMatroska(track: Track, packets: readonly Uint8Array[], each = 50): Buffer {
  return writeBlocks(
    track,
    packets.map((packet) => Buffer.concat([Buffer.from([0x81, 0, 0, 0x80]), packet])),
    each,
  );
}

/** A block of packets of one size, laced: as many as 256. */
export function lacedBlock(packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0, 0, 0x84, packets.length - 1]), ...packets]);
}

export function writeBlocks(track: Track, blocks: readonly Uint8Array[], each = 50): Buffer {
  const parts = [
    element("1a45dfa3", element("4282", Buffer.from("webm"))),
    Buffer.from("1853806701ffffffffffffff", "hex"),
  ];
  parts.push(element("1654ae6b", trackEntry(track)));
  for (let from = 0; from < blocks.length; from += each) {
    const some = blocks.slice(from, from + each).map((block) => element("a3", block));
    parts.push(element("1f43b675", element("e7", Buffer.from([0])), ...some));
  }
  return Buffer.concat(parts);
}

/** Each packet in a cluster of its own that begins at its time, milliseconds. */
export function writeTimedMatroska(
  track: Track,
  packets: readonly (readonly [packet: Uint8Array, ms: number])[],
): Buffer {
  const clusters = packets.map(([packet, ms]) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(ms));
    const block = element("a3", Buffer.from([0x81, 0, 0, 0x80]), packet);
    return element("1f43b675", element("e7", time), block);
  });
  return Buffer.concat([writeBlocks(track, []), ...clusters]);
}

function trackEntry({ codec, header, rateHz, channels = 1 }: Track): Buffer {
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(rateHz);
  return element(
    "ae",
    element("d7", Buffer.from([1])),
    element("83", Buffer.from([2])),
    element("86", Buffer.from(codec)),
    ...(header === undefined ? [] : [element("63a2", header)]),
    element("e1", element("b5", rate), element("9f", Buffer.from([channels]))),
  );
}
