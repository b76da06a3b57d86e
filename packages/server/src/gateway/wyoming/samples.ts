/** Samples of any width as 16 bits, in pieces of any size: what of a sample is cut off waits for the next piece. */
export interface SampleConverter {
  convert(bytes: Uint8Array): Uint8Array;
}

/**
 * Of wide samples the upper 16 bits remain. Those of one byte have no sign, as in WAV files, which they come from.
 * @param width bytes of a sample, 1 to 4, little-endian
 */
export function createSampleConverter(width: number): SampleConverter {
  if (width === 2) return { convert: (bytes) => bytes };
  let rest: Uint8Array = new Uint8Array(0);
  return {
    convert(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const count = Math.floor(all.length / width);
      rest = all.slice(count * width);
      const samples = new Uint8Array(count * 2);
      for (let at = 0; at < count; at++) {
        const last = at * width + width - 1;
        // A byte is centred on 128: turning its highest bit over gives it a sign.
        samples[2 * at + 1] = width === 1 ? (all[last] as number) ^ 0x80 : (all[last] as number);
        samples[2 * at] = width === 1 ? 0 : (all[last - 1] as number);
      }
      return samples;
    },
  };
}
