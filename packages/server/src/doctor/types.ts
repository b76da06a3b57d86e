import type { MessageLanguage } from "../base/errors.ts";
import type { Config } from "../base/settings.ts";

/** A text in both languages of voxpool. */
export type Told = Readonly<Record<MessageLanguage, string>>;

/** What a probe found out. */
export interface Finding {
  /** `problem`: something will not work. `note`: worth knowing, or only needed for some things. */
  readonly level: "ok" | "note" | "problem";
  readonly text: Told;
  /** What to do. */
  readonly advice?: Told;
}

/** What is looked at; its findings stand under its title. */
export interface Probe {
  /** For scripts; never changes. */
  readonly name: string;
  readonly title: Told;
  /** A probe that takes longer is ended, and that is a problem. */
  readonly limitSeconds: number;
  /** @throws what it likes: that is a problem, too */
  run(place: Place, signal: AbortSignal): Promise<readonly Finding[]>;
}

/** What is examined. */
export interface Place {
  readonly config: Config;
  /** The YAML file that was read. */
  readonly configFile?: string | undefined;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** That the reader has: what comes from elsewhere is asked for in it. */
  readonly language: MessageLanguage;
}

/** A text that is the same in both languages. */
export function same(text: string): Told {
  return { en: text, zh: text };
}

export function ok(text: Told, advice?: Told): Finding {
  return { level: "ok", text, ...(advice && { advice }) };
}

export function note(text: Told, advice?: Told): Finding {
  return { level: "note", text, ...(advice && { advice }) };
}

export function problem(text: Told, advice?: Told): Finding {
  return { level: "problem", text, ...(advice && { advice }) };
}
