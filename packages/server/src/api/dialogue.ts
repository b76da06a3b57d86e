import { joinText } from "../engine/text/join.ts";
import { channelPrefix } from "./subtitles/channel-prefix.ts";

/** What of a segment a text is made of. */
export interface SpokenSegment {
  readonly text: string;
  /** Counts from 0. */
  readonly channel?: number;
}

/**
 * The text of a recording, in the order of its segments. Where they have channels it is a dialogue: a line for each
 * turn, which begins with its channel; words of two people in one line would be nobody's.
 */
export function textOf(segments: readonly SpokenSegment[]): string {
  const turns: { readonly channel: number | undefined; readonly pieces: string[] }[] = [];
  for (const { channel, text } of segments) {
    if (text.trim() === "") continue;
    const last = turns.at(-1);
    if (last !== undefined && last.channel === channel) last.pieces.push(text);
    else turns.push({ channel, pieces: [text] });
  }
  return turns.map(({ channel, pieces }) => channelPrefix(channel) + joinText(pieces)).join("\n");
}
