import type { Transcript, TranscriptText } from "@voxpool/client";
import type { CommandContext } from "../context.ts";
import type { Recording } from "./recordings.ts";

/** Tells what a reader of the text alone would not know: what the server warns of, and that nobody speaks. */
export function sayRemarks(
  { name }: Recording,
  result: Transcript | TranscriptText,
  say: (text: string) => void,
  { language }: Pick<CommandContext, "language">,
): void {
  if ("warnings" in result) for (const { message } of result.warnings) say(`${name}: ${message}`);
  if (!isSilent(result)) return;
  say(language === "zh" ? `${name}：没有听到语音。` : `${name}: no speech was heard in it.`);
}

function isSilent({ text }: { readonly text: string }): boolean {
  return /^(WEBVTT)?\s*$/.test(text);
}
