/**
 * When a host counts as stuck. Everything is counted in ticks of the parent, not read from a clock: a laptop that
 * was asleep or a parent that stood still has ticked no more than its hosts could answer.
 */

/** What a heartbeat tells. */
export interface Vitals {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Between two heartbeats an idle process uses less than this share of a core; loading uses more. */
const busyShare = 0.05;

/** Resident memory that grew by so much is progress. */
const grownBytes = 1 << 20;

export interface LoadLimits {
  readonly tickSeconds: number;
  readonly heartbeatSeconds: number;
  /** Without progress for so long: stuck. */
  readonly idleSeconds: number;
  /** Progress or not: stuck after so long. */
  readonly capSeconds: number;
}

/** Whether a load goes on: its deadline moves while CPU time or memory grow, under a cap. */
export class LoadWatch {
  readonly #limits: LoadLimits;
  #idleTicks = 0;
  #ticks = 0;
  #cpuSeconds = 0;
  #peakBytes = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  beat({ cpuSeconds, memoryBytes }: Vitals): void {
    const busy = cpuSeconds - this.#cpuSeconds >= busyShare * this.#limits.heartbeatSeconds;
    const grown = memoryBytes - this.#peakBytes >= grownBytes;
    this.#cpuSeconds = cpuSeconds;
    if (grown) this.#peakBytes = memoryBytes;
    if (busy || grown) this.#idleTicks = 0;
  }

  /** One tick has passed; the number of seconds after which the load counts as stuck, if it does now. */
  tick(): number | undefined {
    const { tickSeconds, idleSeconds, capSeconds } = this.#limits;
    this.#ticks += 1;
    this.#idleTicks += 1;
    if (this.#idleTicks * tickSeconds >= idleSeconds) return idleSeconds;
    return this.#ticks * tickSeconds >= capSeconds ? capSeconds : undefined;
  }
}

/** The longest that a load may take, seconds: a minute, and the time to read the files from a slow disk. */
export function loadCapSeconds(sizeBytes: number): number {
  return 60 + sizeBytes / 10_000_000;
}

export interface HangLimits {
  readonly tickSeconds: number;
  readonly heartbeatSeconds: number;
  /** A decode may take so long, or ten times the expected. */
  readonly hangSeconds: number;
  /** Decodes that run at once; those behind wait for a thread, and their time does not count. */
  readonly threads: number;
}

interface Decode {
  readonly limitSeconds: number;
  ticks: number;
}

const patience = 10;
const missedBeats = 3;

/** Whether a loaded host answers: heartbeats come, its engine thread answers, decodes come to an end. */
export class HangWatch {
  readonly #limits: HangLimits;
  /** Granted decodes, oldest first, which is the order in which they get a thread. */
  readonly #decodes = new Map<string, Decode>();
  #silentTicks = 0;
  #workerSilentSeconds = 0;

  constructor(limits: HangLimits) {
    this.#limits = limits;
  }

  beat(workerSilentSeconds: number): void {
    this.#silentTicks = 0;
    this.#workerSilentSeconds = workerSilentSeconds;
  }

  granted(session: number, work: number, expectedSeconds: number): void {
    // An expectation that is no number (a factor that was never measured) must not make a decode wait for ever.
    const expected = Number.isFinite(expectedSeconds) ? expectedSeconds : 0;
    const limitSeconds = Math.max(this.#limits.hangSeconds, expected * patience);
    this.#decodes.set(`${session}:${work}`, { limitSeconds, ticks: 0 });
  }

  done(session: number, work: number): void {
    this.#decodes.delete(`${session}:${work}`);
  }

  /** One tick has passed; the number of seconds that something took too long, if it did. */
  tick(): number | undefined {
    return this.#overdueDecode() ?? this.#silence();
  }

  #overdueDecode(): number | undefined {
    const running = [...this.#decodes.values()].slice(0, Math.max(1, this.#limits.threads));
    for (const decode of running) decode.ticks += 1;
    return running.find((decode) => decode.ticks * this.#limits.tickSeconds >= decode.limitSeconds)?.limitSeconds;
  }

  #silence(): number | undefined {
    const { tickSeconds, heartbeatSeconds, hangSeconds } = this.#limits;
    const limit = Math.max(hangSeconds, missedBeats * heartbeatSeconds);
    this.#silentTicks += 1;
    if (this.#silentTicks * tickSeconds >= limit) return limit;
    // An engine may decode in its own thread, and is then silent for as long as the decode may take.
    const workerLimit = Math.max(limit, ...Array.from(this.#decodes.values(), (decode) => decode.limitSeconds));
    return this.#workerSilentSeconds >= workerLimit ? workerLimit : undefined;
  }
}
