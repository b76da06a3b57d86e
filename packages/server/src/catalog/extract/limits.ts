/** What an archive may unpack to. */
export interface ExtractLimits {
  /** Bytes in all. */
  readonly bytes: number;
  /** Files that are written. */
  readonly files: number;
  /** Entries that are looked at, wanted or not. */
  readonly entries: number;
  /** How many times its own size an archive may unpack to, beyond what is small anyway. */
  readonly ratio: number;
}

/** Weights hardly shrink, text files to a tenth at best; what unpacks to a hundred times its size is no model. */
export const defaultLimits: ExtractLimits = { bytes: 16_000_000_000, files: 10_000, entries: 100_000, ratio: 100 };

/** Below this size the ratio says nothing. */
const smallBytes = 50_000_000;

export const tooMuch = (): Error => new Error("it unpacks to more than it may");

/** The most bytes that an archive of this size may unpack to. */
export function roomFor(archiveBytes: number, { bytes, ratio }: ExtractLimits): number {
  return Math.min(bytes, Math.max(smallBytes, archiveBytes * ratio));
}
