/** Numbers that look random and are the same in each run. */
export interface Random {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
}

/** A linear congruential generator; the numbers are those of Numerical Recipes. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    },
  };
}
