/** Frames of FLAC (RFC 9639, 9) for tests. */

/** One value for a whole block of 65,535 frames, in sixteen bytes or so; mono, 16 bits. */
export function silentFlacFrame(number: number, rateCode = 0): Uint8Array {
  const coded = number < 128 ? [number] : [0xc0 | (number >> 6), 0x80 | (number & 63)];
  const head = Uint8Array.of(0xff, 0xf8, 0x70 | rateCode, 0x08, ...coded, 0xff, 0xfe);
  const body = Uint8Array.of(...head, crc8(head), 0, 0, 0);
  const crc = crc16(body);
  return Uint8Array.of(...body, crc >> 8, crc & 255);
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
