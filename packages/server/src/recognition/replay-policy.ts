import type { Blame } from "../pool/types.ts";

/** What a session has been through. */
export interface Deaths {
  /** Processes that others ended since it last got on. */
  readonly outside: number;
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

/** More in a row, and something is wrong that a replay does not mend. */
const mostOutside = 5;

/** In the life of a session. Strikes and bystanders together: a session may not keep a model from working for ever. */
const mostByModel = 10;

export const noDeaths: Deaths = { outside: 0, model: 0 };

/**
 * What becomes of a session whose process ended. What others did to the process says nothing about the session. Of
 * several decodes that were under way when a model crashed any may be the cause: each is tried once more alone, and
 * if the model crashes again, it is proven.
 */
export function afterDeath(before: Deaths, { blame, wasDecoding, wasAlone }: Death): Verdict {
  const { outside, model } = counted(before, blame);
  if (blame === "model" && wasDecoding && wasAlone) return { kind: "poisonous" };
  if (outside > mostOutside || model > mostByModel) return { kind: "give_up" };
  return { kind: "replay", suspects: blame === "model" && wasDecoding };
}

/** The history with one more. */
export function counted({ outside, model }: Deaths, blame: Blame): Deaths {
  return blame === "outside" ? { outside: outside + 1, model } : { outside, model: model + 1 };
}
