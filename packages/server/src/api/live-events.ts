import type { SessionEvent } from "../recognition/types.ts";
import type { LiveOutput } from "./types.ts";

/** An event of a session as it is told; undefined: it is not. Pure. */
export function toLiveOutput(event: SessionEvent): LiveOutput | undefined {
  switch (event.type) {
    case "final": {
      const { segment, alternatives, speaker } = event;
      return {
        type: "final",
        segment,
        ...(alternatives && { alternatives: [...alternatives] }),
        ...(speaker && { speaker: [...speaker] }),
      };
    }
    case "partial": {
      const { id, startSeconds, text, stable } = event;
      return { type: "partial", segment_id: id, start: startSeconds, text, stable };
    }
    case "speech_started":
    case "speech_ended":
      return { type: event.type, at: event.atSeconds };
    case "flushed":
      return { type: "finalized" };
    case "progress":
      return undefined;
  }
}
