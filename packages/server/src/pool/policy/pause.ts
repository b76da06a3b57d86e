const firstSeconds = 2;
const longestSeconds = 600;

/** How long a model is held back after so many failures in a row: 2 s, 4 s, 8 s … 10 min. Pure. */
export function pauseSeconds(failures: number): number {
  return Math.min(longestSeconds, firstSeconds * 2 ** Math.max(0, failures - 1));
}
