/** Header of an MPEG audio frame of layer II or III: ISO 11172-3, 2.4.1.3, and its extensions to low rates. */
export interface MpegHeader {
  readonly version: 1 | 2 | 2.5;
  readonly layer: 2 | 3;
  readonly rateHz: number;
  readonly channels: 1 | 2;
  /** The whole frame with its header. */
  readonly bytes: number;
  readonly frames: number;
}

const rates = [44_100, 48_000, 32_000] as const;
/** By version (1; else 2), then layer. kbit/s. */
const bitRates: Readonly<Record<string, readonly number[]>> = {
  "1/2": [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  "1/3": [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  "2/2": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  "2/3": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** The header at `at`; undefined if there is none, or one that leaves its length open. */
export function readMpegHeader(bytes: Uint8Array, at: number): MpegHeader | undefined {
  const [sync = 0, kind = 0, coding = 0, mode = 0] = bytes.subarray(at, at + 4);
  if (sync !== 0xff || (kind & 0xe0) !== 0xe0 || bytes.length < at + 4) return undefined;
  const version = ([2.5, undefined, 2, 1] as const)[(kind >> 3) & 3];
  const layer = ([undefined, 3, 2, undefined] as const)[(kind >> 1) & 3];
  const rate = rates[(coding >> 2) & 3];
  const kilobits = bitRates[`${version === 1 ? 1 : 2}/${layer}`]?.[(coding >> 4) - 1];
  if (version === undefined || layer === undefined || rate === undefined || kilobits === undefined) return undefined;
  const rateHz = version === 1 ? rate : version === 2 ? rate / 2 : rate / 4;
  const frames = layer === 3 && version !== 1 ? 576 : 1152;
  const length = Math.floor((frames / 8) * ((kilobits * 1000) / rateHz)) + ((coding >> 1) & 1);
  const channels = mode >> 6 === 3 ? 1 : 2;
  return { version, layer, rateHz, channels, bytes: length, frames };
}

/** Whether two frames can belong to one stream. */
export function sameStream(a: MpegHeader, b: MpegHeader): boolean {
  return a.version === b.version && a.layer === b.layer && a.rateHz === b.rateHz;
}
