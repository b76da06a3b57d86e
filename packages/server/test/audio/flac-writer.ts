/** Frames of FLAC (RFC 9639, 9) for tests. */

/** One value for a whole block of 65,535 frames, in sixteen bytes or so; mono, 16 bits. */
export function silentFlacFrame(number: number, rateCode = 0): Uint8Array {
  const coded = number < 128 ? [number] : [0xc0 | (number >> 6), 0x80 | (number & 63)];
  const head = Uint8Array.of(0xff, 0xf8, 0x70 | rateCode, 0x08, ...coded, 0xff, 0xfe);
  const body = Uint8Array.of(...head, crc8(head), 0, 0, 0);
  const crc = crc16(body);
  return Uint8Array.of(...body, crc >> 8, crc & 255);
}

/** A frame whose header and checksums are right, and whose samples are coded in a way that there is none. */
export function undecodableFlacFrame(number: number): Uint8Array {
  const head = Uint8Array.of(0xff, 0xf8, 0x70, 0x08, number, 0x0f, 0xff);
  const body = Uint8Array.of(...head, crc8(head), ...new Uint8Array(20).fill(0xff));
  const crc = crc16(body);
  return Uint8Array.of(...body, crc >> 8, crc & 255);
}

/** Samples of 16 bits as they are, channel by channel: for frames of any size. */
export function plainFlacFrame(channels: readonly Int16Array[], number = 0): Uint8Array {
  const frames = channels[0]?.length ?? 0;
  const head = Uint8Array.of(
    0xff,
    0xf8,
    0x70,
    ((channels.length - 1) << 4) | 8,
    number,
    (frames - 1) >> 8,
    (frames - 1) & 255,
  );
  const parts = channels.map((samples) => {
    const bytes = Buffer.alloc(1 + 2 * samples.length);
    bytes[0] = 2;
    for (const [n, value] of samples.entries()) bytes.writeInt16BE(value, 1 + 2 * n);
    return bytes;
  });
  const body = Buffer.concat([head, Uint8Array.of(crc8(head)), ...parts]);
  const crc = crc16(body);
  return Buffer.concat([body, Uint8Array.of(crc >> 8, crc & 255)]);
}

/** What stands before frames: 16 bits, the length unknown. */
export function flacHeader(rateHz: number, channels = 1): Uint8Array {
  const header = Buffer.alloc(42);
  header.write("fLaC");
  header.set([0x80, 0, 0, 34, 0, 16, 0xff, 0xff], 4);
  header.writeUInt32BE(((rateHz << 12) | ((channels - 1) << 9) | (15 << 4)) >>> 0, 18);
  return header;
}

function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 255 : crc << 1;
  }
  return crc;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : crc << 1;
  }
  return crc;
}
