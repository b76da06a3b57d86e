import { mkdirSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { scratchDirectory } from "../base/scratch.ts";
import { failure, type Received, sendEvents, sendJson, transcript } from "./support.ts";

/** A server that hears the bytes of a recording as its words, and refuses one that is called bad. */
export const hears = {
  "POST /transcribe": ({ body }: Received, answer: ServerResponse) => {
    const text = String(body);
    if (text === "bad") return sendJson(answer, 415, failure("audio_unsupported", "It is no audio."));
    const words = [{ word: text, start: 0.35, end: 2.27 }];
    sendEvents(answer, [
      { type: "progress", processed_seconds: 5.5, duration: 11 },
      {
        type: "done",
        transcript: transcript(text, {
          segments: text === "" ? [] : [{ id: 0, start: 0.35, end: 2.27, text, words }],
          timings: { load_seconds: 0, queue_seconds: 0, decode_seconds: 0 },
        }),
      },
    ]);
  },
};

/** Files in a new directory; a text is what is heard in the recording. */
export function place(t: TestContext, files: Readonly<Record<string, string>>): string {
  const cwd = scratchDirectory(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}
