/** An attempt that failed but may succeed when it is made again. */
export class Setback extends Error {
  /** What the server asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether there was no connection at all. */
  readonly isUnreachable: boolean;

  constructor(message: string, options: SetbackOptions = {}) {
    super(message, options);
    this.name = "Setback";
    this.retryAfterMs = options.retryAfterMs;
    this.isUnreachable = options.isUnreachable ?? false;
  }
}

interface SetbackOptions extends ErrorOptions {
  readonly retryAfterMs?: number | undefined;
  readonly isUnreachable?: boolean;
}
