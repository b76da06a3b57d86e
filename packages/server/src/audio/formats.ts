import type { AudioFormat } from "./format.ts";
import { wav } from "./wav.ts";

/** Every container that is read. A new one is a file and a line here. */
export const formats: readonly AudioFormat<unknown>[] = [erase(wav)];

/** Each format only ever sees the states that it made itself. */
function erase<State>(format: AudioFormat<State>): AudioFormat<unknown> {
  return { ...format, read: (state, input) => format.read(state as State, input) };
}
