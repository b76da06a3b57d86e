import type { Blame } from "../pool/types.ts";

/** What a session has been through. */
export interface Deaths {
  /** Processes that others ended in the middle of its decodes since it last got on. */
  readonly struck: number;
  /** Processes that others ended while it waited, since it last got on. */
  readonly waited: number;
  /** Processes that ended by the model's fault. */
  readonly model: number;
}

/** A process that ended under a session. */
export interface Death {
  readonly blame: Blame;
  /** Whether a decode of the session was under way. */
  readonly wasDecoding: boolean;
  /** Whether nothing else was being decoded in the process. */
  readonly wasAlone: boolean;
}

export type Verdict =
  /** @param suspects whether what was under way is decoded alone from now on, besides what was before */
  | { readonly kind: "replay"; readonly suspects: boolean }
  | { readonly kind: "poisonous" }
  | { readonly kind: "give_up" };

/** More without getting on, and something is wrong that a replay does not mend. */
const mostStruck = 5;
const mostWaited = 10;

/** In the life of a session. Strikes and bystanders together: a session may not keep a model from working for ever. */
const mostByModel = 10;

export const noDeaths: Deaths = { struck: 0, waited: 0, model: 0 };

/**
 * What becomes of a session whose process ended. What others did to the process says nothing about the session. Of
 * several decodes that were under way when a model crashed any may be the cause: each is tried once more alone, and
 * if the model crashes again, it is proven.
 */
export function afterDeath(before: Deaths, death: Death): Verdict {
  const { blame, wasDecoding, wasAlone } = death;
  const { struck, waited, model } = counted(before, death);
  if (blame === "model" && wasDecoding && wasAlone) return { kind: "poisonous" };
  if (blame === "model" && model > mostByModel) return { kind: "give_up" };
  if (blame === "outside" && (struck > mostStruck || waited > mostWaited)) return { kind: "give_up" };
  return { kind: "replay", suspects: blame === "model" && wasDecoding };
}

/** The history with one more. */
export function counted(before: Deaths, { blame, wasDecoding }: Death): Deaths {
  if (blame === "model") return { ...before, model: before.model + 1 };
  return wasDecoding ? { ...before, struck: before.struck + 1 } : { ...before, waited: before.waited + 1 };
}

/** The history of a session that got on: what others did before counts no more. */
export function gotOn({ model }: Deaths): Deaths {
  return { struck: 0, waited: 0, model };
}
