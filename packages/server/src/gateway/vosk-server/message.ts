/** What a client of vosk-server says as text. */
export type VoskMessage =
  | { readonly type: "config"; readonly config: VoskConfig }
  | { readonly type: "eof" }
  | { readonly type: "reset" }
  /** Anything else; vosk-server takes it for audio that is none, so nothing is answered. */
  | { readonly type: "unknown" };

/** The settings of a connection; what is left out keeps its value. */
export interface VoskConfig {
  readonly sampleRateHz?: number;
  readonly words?: boolean;
  /** 0: one reading, in the plain form. */
  readonly alternatives?: number;
  /** The only phrases there are. */
  readonly phrases?: readonly string[];
  readonly model?: string;
}

/** Longer lists are cut: the vocabulary of a model is no larger. */
const mostPhrases = 10_000;
const mostAlternatives = 20;

/** Reads a text message. Fields of a wrong kind are as good as left out; nothing here throws. */
export function readMessage(text: string): VoskMessage {
  const message = objectOf(text);
  if (message === undefined) return { type: "unknown" };
  if (isRecord(message["config"])) return { type: "config", config: readConfig(message["config"]) };
  if ("eof" in message) return { type: "eof" };
  return { type: "reset" in message ? "reset" : "unknown" };
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readConfig(config: Record<string, unknown>): VoskConfig {
  const rate = numberOf(config["sample_rate"]);
  const words = flagOf(config["words"]);
  const alternatives = numberOf(config["max_alternatives"]);
  const phrases = phrasesOf(config["phrase_list"]);
  const { model } = config;
  return {
    ...(rate !== undefined && isSampleRate(rate) && { sampleRateHz: Math.round(rate) }),
    ...(words !== undefined && { words }),
    ...(alternatives !== undefined && { alternatives: clamped(Math.floor(alternatives), 0, mostAlternatives) }),
    ...(phrases !== undefined && { phrases }),
    ...(typeof model === "string" && model !== "" && { model }),
  };
}

/** Whether sound can be of this rate; making another one of it would take for ever. */
export const isSampleRate = (hertz: number): boolean => hertz >= 4000 && hertz <= 192_000;

/** Numbers may be written as strings. */
function numberOf(value: unknown): number | undefined {
  if (typeof value !== "number" && (typeof value !== "string" || value.trim() === "")) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function flagOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  const number = numberOf(value);
  return number === undefined ? undefined : number !== 0;
}

function phrasesOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const phrases = value.filter((phrase): phrase is string => typeof phrase === "string" && phrase !== "");
  return phrases.length > 0 ? phrases.slice(0, mostPhrases) : undefined;
}

const clamped = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
