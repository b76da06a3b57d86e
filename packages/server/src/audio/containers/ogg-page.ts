import { viewOf } from "../byte-view.ts";

/** A page of an Ogg file: RFC 3533, 6. */
export interface OggPage {
  readonly bytes: number;
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Position of its end, in units of the codec; undefined where no packet ends on it. */
  readonly granule: number | undefined;
  readonly serial: number;
  /** Its packets; the last one goes on on the next page if `isOpen`. */
  readonly packets: readonly Uint8Array[];
  readonly isOpen: boolean;
}

const capture = Buffer.from("OggS");

/** Where the next page may begin; -1 if nowhere. */
export function findPage(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(capture, from);
}

/** The page at the beginning; `short` when more bytes are needed, `damaged` when it is none. */
export function readPage(bytes: Uint8Array): OggPage | "short" | "damaged" {
  if (bytes.length < 27) return "short";
  const view = viewOf(bytes);
  if (findPage(bytes.subarray(0, 4), 0) !== 0 || view.getUint8(4) !== 0) return "damaged";
  const segments = view.getUint8(26);
  const headBytes = 27 + segments;
  if (bytes.length < headBytes) return "short";
  const lacing = bytes.subarray(27, headBytes);
  const length = lacing.reduce((sum, size) => sum + size, headBytes);
  if (bytes.length < length) return "short";
  if (checksum(bytes.subarray(0, length)) !== view.getUint32(22, true)) return "damaged";
  const flags = view.getUint8(5);
  const granule = view.getBigInt64(6, true);
  return {
    bytes: length,
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    granule: granule < 0n || granule > 2n ** 52n ? undefined : Number(granule),
    serial: view.getUint32(14, true),
    packets: packetsOf(bytes.subarray(headBytes, length), lacing),
    isOpen: lacing.at(-1) === 255,
  };
}

/** A packet is pieces of 255 bytes and one that is smaller. */
function packetsOf(body: Uint8Array, lacing: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let from = 0;
  let to = 0;
  for (const [n, size] of lacing.entries()) {
    to += size;
    if (size === 255 && n < lacing.length - 1) continue;
    packets.push(body.subarray(from, to));
    from = to;
  }
  return packets;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc;
});

/** CRC-32 of the page with its own checksum taken as zeros. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (let at = 0; at < page.length; at++) {
    const byte = at >= 22 && at < 26 ? 0 : (page[at] as number);
    crc = (crc << 8) ^ (table[(crc >>> 24) ^ byte] as number);
  }
  return crc >>> 0;
}
