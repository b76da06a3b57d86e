import { isMisspelt, unknownOption } from "../../unknown-option.ts";

/** The fields of an object, and of the objects in them. */
interface Shape {
  readonly [name: string]: Shape | true;
}

const names = <Name extends string>(...list: readonly Name[]) =>
  Object.fromEntries(list.map((name) => [name, true])) as Readonly<Record<Name, true>>;

const format = names("type", "rate");
const transcription = names("model", "language", "prompt", "languages", "keywords", "delay");
const detection = names(
  "type",
  "threshold",
  "prefix_padding_ms",
  "silence_duration_ms",
  "create_response",
  "interrupt_response",
  "idle_timeout_ms",
  "eagerness",
);
const noise = names("type");
const conversation = names(
  "type",
  "id",
  "object",
  "include",
  "model",
  "instructions",
  "modalities",
  "output_modalities",
  "voice",
  "speed",
  "temperature",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "tracing",
  "truncation",
  "prompt",
  "expires_at",
  "client_secret",
  "max_output_tokens",
  "max_response_output_tokens",
  "output_audio_format",
  "input_audio_format",
);

/** What clients set, in both forms; of what is about conversations nothing here makes use. */
const session: Shape = {
  ...conversation,
  input_audio_transcription: transcription,
  input_audio_noise_reduction: noise,
  turn_detection: detection,
  audio: { output: true, input: { format, transcription, noise_reduction: noise, turn_detection: detection } },
};

/**
 * Refuses what is nearly the name of a field, and would have no effect. Fields of newer clients pass.
 * @throws VoxpoolError `option_unknown`, which names the field with its place
 */
export function refuseMisspeltFields(given: unknown, shape: Shape = session, place = "session."): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return; // told where it is read
  const known = Object.keys(shape);
  for (const [name, value] of Object.entries(given)) {
    if (isMisspelt(name, known)) throw unknownOption(name, known, place);
    const inner = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (typeof inner === "object") refuseMisspeltFields(value, inner, `${place}${name}.`);
  }
}
