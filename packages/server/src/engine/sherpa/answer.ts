/** What of sherpa's answer is used. */
export interface Answer {
  readonly text: string;
  readonly tokens: readonly string[];
  /** Start of each token, seconds; empty where the family gives none. */
  readonly timestamps: readonly number[];
}

/** The library writes control characters into its JSON unescaped; as spaces they are harmless there and in a text. */
export function answerOf(json: string): Answer {
  return JSON.parse(json.replaceAll(/\p{Cc}/gu, " ")) as Answer;
}
