import { adts } from "./containers/adts.ts";
import { aiff } from "./containers/aiff.ts";
import { flacFile } from "./containers/flac.ts";
import { id3 } from "./containers/id3.ts";
import { mp3 } from "./containers/mp3.ts";
import { ogg } from "./containers/ogg.ts";
import { webm } from "./containers/webm.ts";
import type { AudioFormat } from "./format.ts";
import { wav } from "./wav.ts";

/** Every container that is read, guesses last. A new one is a file and a line here. */
export const formats: readonly AudioFormat<unknown>[] = [
  erase(wav),
  erase(flacFile),
  erase(ogg),
  erase(webm),
  erase(aiff),
  erase(id3),
  erase(adts),
  erase(mp3),
];

/** Each format only ever sees the states that it made itself. */
function erase<State>(format: AudioFormat<State>): AudioFormat<unknown> {
  return { ...format, read: (state, input) => format.read(state as State, input) };
}
