import type { CallFailure, ModelAPIClient, Transcript, TranscriptText } from "@voxpool/client";
import { type CommandContext, UsageError } from "../context.ts";
import type { SoundFlags } from "../sound-options.ts";
import type { TextFlags } from "../text-options.ts";
import { type Format, isSubtitleFormat } from "./formats.ts";
import type { Recording } from "./recordings.ts";
import type { ServerLink } from "./server-link.ts";

export type Result = Transcript | TranscriptText | CallFailure;

/** How far a recording is, seconds of it. */
export interface Heard {
  readonly seconds: number;
  /** Of the whole recording, where it is known. */
  readonly total?: number | undefined;
}

/** What every recording is asked for with. */
export interface Wishes extends TextFlags, SoundFlags {
  /** What samples without a header are. */
  readonly contentType?: string;
  readonly model_path?: string;
  readonly language?: string;
}

export interface RecogniserOptions {
  readonly client: ModelAPIClient;
  readonly wishes: Wishes;
  /** What the server is asked for; subtitles come without progress, since it writes them when all is done. */
  readonly format: Format;
  readonly link: ServerLink;
  readonly context: CommandContext;
}

/** Recognises one recording. @throws UsageError if an option is empty */
export type Recognise = (recording: Recording, onHeard: (heard: Heard) => void) => Promise<Result>;

/** A recording during which the server is lost so often may be what kills it. */
const mostLosses = 3;

/** Sends recordings to the server; one during which it was lost is sent again once it is back. */
export function createRecogniser(options: RecogniserOptions): Recognise {
  const { link } = options;
  return async (recording, onHeard) => {
    for (let losses = 1; ; losses += 1) {
      const result = withoutPath(await attempt(recording, onHeard, options), recording);
      link.note(result);
      if (result.success || !link.isLoss(result)) return result;
      const isBack = await link.isBack();
      // Standard input can be read once only.
      if (!isBack || recording.source === "-" || losses === mostLosses) return result;
    }
  };
}

async function attempt(
  recording: Recording,
  onHeard: (heard: Heard) => void,
  options: RecogniserOptions,
): Promise<Result> {
  const { client, wishes, format, context } = options;
  if (recording.problem !== undefined) return unreadable(recording.problem);
  const source = recording.source === "-" ? context.stdin : recording.source;
  try {
    if (isSubtitleFormat(format)) {
      return await client.transcribe(source, { ...wishes, response_format: format });
    }
    return await client.transcribe(source, {
      ...wishes,
      response_format: format === "verbose_json" ? format : "json",
      onEvent(event) {
        if (event.type === "progress") onHeard({ seconds: event.processed_seconds, total: event.duration });
      },
    });
  } catch (error) {
    // An empty model or language is a misuse of the client, and so of the command line.
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** The name of the recording stands in front of the message; the path that the client puts into it is not shown again. */
function withoutPath(result: Result, { source }: Recording): Result {
  if (result.success || result.error_code !== 0) return result;
  const without = (text: string) => text.replaceAll(`${source}: `, "");
  return { ...result, error_message: without(result.error_message), message: without(result.message) };
}

function unreadable(message: string): CallFailure {
  return {
    success: false,
    error_code: 0,
    error_message: message,
    message,
    reason: "audio_unreadable",
    retryable: false,
  };
}
