/** How a part is: `warning` is for operators alone, `waiting` and `failed` keep requests away. */
export interface PartReport {
  readonly status: "ok" | "warning" | "waiting" | "failed";
  /** Why it is not ok. */
  readonly detail?: string;
}

/** Whether requests may be sent, and how each part is. */
export interface ReadyReport {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, PartReport>>;
}

/** Looks at one part; what it throws, or does not answer in time, is a failure. */
export type Check = () => PartReport | Promise<PartReport>;

export interface Readiness {
  /** Looks at all parts. Calls at the same time, and shortly after each other, share one look. */
  readonly look: () => Promise<ReadyReport>;
  /** Whether nothing had failed when it looked last; costs nothing. */
  readonly isWell: () => boolean;
  readonly close: () => void;
}

export interface ReadinessOptions {
  readonly checks: Readonly<Record<string, Check>>;
  /** How often it looks by itself, so that `isWell` is never older. */
  readonly everyMs?: number;
  /** How long a part may take to answer. */
  readonly patienceMs?: number;
  /** How long a look is worth something: whoever asks often costs no more. */
  readonly freshMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export const partIsOk: PartReport = { status: "ok" };

export function createReadiness(options: ReadinessOptions): Readiness {
  const { checks, everyMs = 5000, patienceMs = 2000, freshMs = 500, now = () => performance.now() } = options;
  let last: { readonly report: ReadyReport; readonly atMs: number } | undefined;
  let looking: Promise<ReadyReport> | undefined;
  async function lookNow(): Promise<ReadyReport> {
    const entries = Object.entries(checks).map(async ([name, check]) => [name, await ask(check, patienceMs)] as const);
    const report = reportOf(await Promise.all(entries));
    last = { report, atMs: now() };
    looking = undefined;
    return report;
  }
  const look = (): Promise<ReadyReport> => {
    if (last?.report.ready === true && now() - last.atMs < freshMs) return Promise.resolve(last.report);
    looking ??= lookNow();
    return looking;
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  return {
    look,
    isWell: () => Object.values(last?.report.parts ?? {}).every(({ status }) => status !== "failed"),
    close: () => clearInterval(timer),
  };
}

function reportOf(parts: readonly (readonly [string, PartReport])[]): ReadyReport {
  const ready = parts.every(([, { status }]) => status === "ok" || status === "warning");
  return { ready, parts: Object.fromEntries(parts) };
}

async function ask(check: Check, patienceMs: number): Promise<PartReport> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<PartReport>((resolve) => {
    timer = setTimeout(() => resolve({ status: "failed", detail: "it does not answer" }), patienceMs);
  });
  try {
    return await Promise.race([(async () => check())(), silence]);
  } catch (error) {
    return { status: "failed", detail: error instanceof Error ? error.message : "it failed" };
  } finally {
    clearTimeout(timer);
  }
}
