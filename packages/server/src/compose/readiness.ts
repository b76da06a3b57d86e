import { statfs } from "node:fs/promises";
import { VoxpoolError } from "../base/errors.ts";
import type { Config } from "../base/settings.ts";
import type { LoopWatch } from "../observe/event-loop.ts";
import { createReadiness, type PartReport, partIsOk, type Readiness } from "../observe/readiness.ts";
import { type CanaryOptions, startCanary } from "./canary.ts";
import type { Durable } from "./durable.ts";

/** What the start of a server is made of. */
export interface Starting {
  readonly defaultModel: Promise<unknown>;
  readonly preloads: Promise<unknown>;
}

export interface ComposeReadiness extends Omit<CanaryOptions, "everySeconds" | "configuredDefault"> {
  readonly config: Config;
  readonly durable: Pick<Durable, "answers">;
  readonly stateDir: string;
  readonly watch: { readonly loop: Pick<LoopWatch, "lag"> };
}

/** Less room than this is told. */
const smallDiskBytes = 256 * 1024 ** 2;
/** A loop that is so late, in one turn of a hundred, answers nobody in time. */
const longestLagSeconds = 2;

const starting: PartReport = { status: "waiting", detail: "it is still being prepared" };

/** What `/readyz` looks at, and the function that says what the server waits for at its start. */
export function composeReadiness({ config, durable, stateDir, watch, ...canaryParts }: ComposeReadiness): {
  readonly readiness: Readiness;
  /** Costs nothing. */
  readonly ready: () => boolean;
  readonly follow: (start: Starting) => void;
  readonly close: () => void;
} {
  const everySeconds = config["ready.canary_seconds"];
  const wishes = { ...canaryParts, everySeconds, configuredDefault: config.default_model };
  const canary = everySeconds > 0 ? startCanary(wishes) : undefined;
  let [defaultModel, preloads] = [starting, starting];
  const readiness = createReadiness({
    checks: {
      default_model: () => defaultModel,
      preloads: () => preloads,
      async store() {
        await durable.answers();
        return partIsOk;
      },
      disk: () => diskReport(stateDir),
      event_loop: () => loopReport(watch.loop),
      ...(canary && { canary: canary.check }),
    },
  });
  return {
    readiness,
    ready: () => defaultModel !== starting && preloads !== starting && readiness.isWell(),
    close() {
      readiness.close();
      canary?.close();
    },
    follow(start) {
      void outcomeOf(start.defaultModel).then((report) => {
        defaultModel = report;
      });
      void outcomeOf(start.preloads).then((report) => {
        preloads = report;
      });
    },
  };
}

/** A model that could not be loaded keeps no request away: all others can be used. */
async function outcomeOf(preparing: Promise<unknown>): Promise<PartReport> {
  try {
    await preparing;
    return partIsOk;
  } catch (error) {
    return { status: "warning", detail: VoxpoolError.from(error).message };
  }
}

/** A full disk stops no recognition: what is lost is said where it happens. */
async function diskReport(directory: string): Promise<PartReport> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= smallDiskBytes) return partIsOk;
  return {
    status: "warning",
    detail: `only ${Math.floor((bavail * bsize) / 1e6)} MB are free for the state directory`,
  };
}

function loopReport(loop: Pick<LoopWatch, "lag">): PartReport {
  const { p99 } = loop.lag();
  if (p99 < longestLagSeconds) return partIsOk;
  return { status: "failed", detail: `the server is ${p99.toFixed(1)} s late with everything` };
}
