import { codedNumberBytes } from "../codecs/flac-packets.ts";

/** RFC 9639, 9.1: what the header of a frame says. */
export interface FlacHeader {
  readonly channels: number;
  /** Unset: as STREAMINFO has it. */
  readonly rateHz?: number;
  /** Bits of a sample; 0: as STREAMINFO has it. */
  readonly bits: number;
}

const rates = [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
const sampleBits = [0, 8, 12, 0, 16, 20, 24, 32];

/** The header at `at`; undefined if there is none, or a damaged one. */
export function readFlacHeader(bytes: Uint8Array, at: number): FlacHeader | undefined {
  const length = flacHeaderBytes(bytes, at);
  if (length === undefined) return undefined;
  const [sizes = 0, layout = 0] = bytes.subarray(at + 2, at + 4);
  const rateHz = rateOf(sizes & 15, bytes.subarray(at, at + length - 1));
  const assignment = layout >> 4;
  const bits = sampleBits[(layout >> 1) & 7] ?? 0;
  return { channels: assignment < 8 ? assignment + 1 : 2, bits, ...(rateHz > 0 && { rateHz }) };
}

/** Codes from 12 on have the rate in the last bytes of the header. */
function rateOf(code: number, header: Uint8Array): number {
  const [high = 0, low = 0] = header.subarray(header.length - 2);
  if (code === 12) return low * 1000;
  if (code > 12) return ((high << 8) | low) * (code === 14 ? 10 : 1);
  return rates[code] ?? 0;
}

/** Bytes of the header of a frame at `at`, or undefined if there is none; needs 16 bytes there. */
export function flacHeaderBytes(bytes: Uint8Array, at: number): number | undefined {
  const [sync = 0, strategy = 0, sizes = 0, layout = 0, number = 0] = bytes.subarray(at, at + 5);
  if (sync !== 0xff || (strategy & 0xfe) !== 0xf8) return undefined;
  const block = sizes >> 4;
  const rate = sizes & 15;
  const isReserved = block === 0 || rate === 15 || layout >> 4 > 10 || ((layout >> 1) & 7) === 3 || (layout & 1) === 1;
  if (isReserved || (number & 0xc0) === 0x80 || number === 0xff) return undefined;
  const blockBytes = block === 6 ? 1 : block === 7 ? 2 : 0;
  const rateBytes = rate === 12 ? 1 : rate === 13 || rate === 14 ? 2 : 0;
  const length = 4 + codedNumberBytes(number) + blockBytes + rateBytes + 1;
  return crc8(bytes, at, at + length) === 0 ? length : undefined;
}

const table8 = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1;
  return crc;
});

const table16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x8005 : crc << 1;
  return crc;
});

/** Zero over bytes that end with their own checksum. */
function crc8(bytes: Uint8Array, from: number, to: number): number {
  if (to > bytes.length) return 1;
  let crc = 0;
  for (let at = from; at < to; at++) crc = table8[crc ^ (bytes[at] as number)] as number;
  return crc;
}

/** Goes on with the checksum of a frame; zero over one that is whole. */
export function crc16(crc: number, bytes: Uint8Array, from: number, to: number): number {
  let value = crc;
  for (let at = from; at < to; at++)
    value = ((value << 8) & 0xffff) ^ (table16[(value >> 8) ^ (bytes[at] as number)] as number);
  return value;
}
