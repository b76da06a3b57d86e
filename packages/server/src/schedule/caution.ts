const least = 1.05;
const most = 5;

/**
 * How much later than foreseen people are told to come: others come too, and prediction errs. A broken promise makes
 * it twenty times as much longer as a kept one makes it shorter, so about one in twenty-one is broken.
 */
export class Caution {
  factor = 1.1;

  learn(isKept: boolean): void {
    this.factor = Math.min(most, Math.max(least, this.factor * (isKept ? 0.99 : 1.2)));
  }
}
