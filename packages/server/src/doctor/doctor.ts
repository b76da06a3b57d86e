import { VoxpoolError } from "../base/errors.ts";
import { inChinese } from "../base/phrases.ts";
import { systemText } from "../base/system-text.ts";
import { certificateProbe } from "./certificate.ts";
import { decodeProbe } from "./decode.ts";
import { modelsProbe } from "./models.ts";
import { natives } from "./natives.ts";
import { networkProbe } from "./network.ts";
import { portProbe } from "./port.ts";
import { serviceProbe } from "./service.ts";
import { diskProbe, stateProbe } from "./storage.ts";
import { memoryProbe, nodeProbe } from "./system.ts";
import { toolsProbe } from "./tools.ts";
import { type Finding, type Place, type Probe, problem } from "./types.ts";

export type { Finding, Place, Probe } from "./types.ts";

/** What the doctor looks at, in this order. */
export const probes: readonly Probe[] = [
  nodeProbe,
  memoryProbe,
  stateProbe,
  diskProbe,
  portProbe,
  certificateProbe,
  serviceProbe,
  ...natives,
  modelsProbe,
  decodeProbe,
  toolsProbe,
  networkProbe,
];

export interface Examined {
  readonly probe: Probe;
  readonly findings: readonly Finding[];
}

/**
 * Runs probes, all at once, and gives their findings in their order as soon as they are there. A probe that fails or
 * takes too long is a finding, and never an exception.
 */
export async function* examine(
  place: Place,
  signal: AbortSignal,
  wanted: readonly Probe[] = probes,
): AsyncGenerator<Examined, void, undefined> {
  const running = wanted.map((probe) => ({ probe, findings: runLimited(probe, place, signal) }));
  for (const { probe, findings } of running) yield { probe, findings: await findings };
}

async function runLimited(probe: Probe, place: Place, signal: AbortSignal): Promise<readonly Finding[]> {
  const limit = AbortSignal.timeout(probe.limitSeconds * 1000);
  const ended = AbortSignal.any([signal, limit]);
  const late = Promise.withResolvers<never>();
  const giveUp = () => late.reject(new Error("the probe was ended", { cause: ended.reason }));
  ended.addEventListener("abort", giveUp, { once: true });
  if (ended.aborted) giveUp();
  try {
    return await Promise.race([probe.run(place, ended), late.promise]);
  } catch (error) {
    const { limitSeconds: seconds } = probe;
    if (limit.aborted) return [problem({ en: `no answer within ${seconds} s`, zh: `${seconds} 秒内没有结果` })];
    return [problem(explain(error))];
  } finally {
    ended.removeEventListener("abort", giveUp);
  }
}

function explain(error: unknown): Finding["text"] {
  if (error instanceof VoxpoolError && error.reason !== "internal") {
    return { en: error.messageIn("en"), zh: error.messageIn("zh") };
  }
  const text = systemText(error);
  return { en: text, zh: inChinese(text) };
}
