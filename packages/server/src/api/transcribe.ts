import type { Segment, TranscribeEvent, TranscribeOptions, Transcript, Warning } from "@voxpool/client/contract";
import type { AudioDecoder, DecodedAudio } from "../audio/audio.ts";
import { durationSeconds } from "../base/duration.ts";
import { type ErrorDetails, type MessageLanguage, VoxpoolError, type WarningReason, warning } from "../base/errors.ts";
import { summaryOf, transcribeChannels } from "../recognition/channels.ts";
import { transcribe as run } from "../recognition/transcribe.ts";
import type { OpenSession, Session, SessionSummary } from "../recognition/types.ts";
import type { Admission, Asking, Ticket } from "../schedule/admission.ts";
import { type Choice, type ChooseParts, chooseModel } from "./choose-model.ts";
import { textOf } from "./dialogue.ts";
import { type FailoverParts, openServing } from "./failover.ts";
import type { FileChanges } from "./file-changes.ts";
import { begin, countArrived, firstOf, openOrClose, openSessions, type Sessions } from "./open-recording.ts";
import { rememberFolders } from "./recent-folders.ts";
import { createTextSteps, type TextStepParts, type TextSteps } from "./text-steps.ts";
import type { Caller, TranscribeRequest } from "./types.ts";

export interface TranscribeParts extends ChooseParts, TextStepParts, Pick<FailoverParts, "failover" | "onFailover"> {
  readonly changes: FileChanges;
  readonly audio: AudioDecoder;
  /** Decides who may begin. */
  readonly admission: Admission;
  /** Longest recording, seconds. */
  readonly maxSeconds: number;
}

/** `POST /api/transcribe`. */
export function createTranscribe(given: TranscribeParts) {
  const parts = { ...given, catalog: rememberFolders(given.catalog, given.pool) };
  const textSteps = createTextSteps(parts);
  return async function* transcribe(request: TranscribeRequest, caller: Caller): AsyncGenerator<TranscribeEvent, void> {
    const over = new AbortController();
    let ticket: Ticket | undefined;
    const enter: RecogniseParts["enter"] = (asking) => {
      ticket = parts.admission.admit(asking);
      return ticket;
    };
    try {
      // Whatever ends the recognition also ends the reading of an upload that is still under way.
      const signal = AbortSignal.any([caller.signal, over.signal]);
      yield* recognise({ ...parts, textSteps, enter }, request, { ...caller, signal });
    } finally {
      ticket?.release();
      over.abort(new VoxpoolError("request_cancelled"));
    }
  };
}

interface RecogniseParts extends TranscribeParts {
  readonly textSteps: ReturnType<typeof createTextSteps>;
  /** Takes one of the places. @throws VoxpoolError of the admission */
  readonly enter: (asking: Asking) => Ticket;
}

async function* recognise(
  parts: RecogniseParts,
  { bytes, raw, options, hints = [] }: TranscribeRequest,
  { client, language: messageLanguage, signal }: Caller,
): AsyncGenerator<TranscribeEvent, void> {
  const begunAt = performance.now();
  const choosing = chooseModel(parts, { modelPath: options.model_path, language: options.language });
  const { channels = "mix", keep_alive } = options;
  const keepAliveSeconds = keep_alive === undefined ? undefined : durationSeconds(keep_alive, "keep_alive");
  const decoded = parts.audio.decode(bytes, { maxSeconds: parts.maxSeconds, channels, signal, ...(raw && { raw }) });
  const beginning = begin(decoded.samples); // while the disk is looked at; the abort of `signal` ends it
  beginning.catch(() => undefined); // of a wrong model and wrong audio the model is told
  const choice = await choosing;
  const { folder, language } = choice;
  parts.changes.glance(parts.pool.find(folder));
  const begun = await beginning; // a model is not loaded for what is no audio
  const { channelCount } = begun;
  const common = {
    client,
    priority: "interactive",
    words: wordsOf(options),
    itn: options.itn ?? parts.text.itn,
    ...(keepAliveSeconds !== undefined && { keepAliveSeconds }),
    ...(language !== undefined && { language }),
    ...(options.vad !== undefined && { vad: options.vad }),
  } as const;
  const { ticket, sessions, steps, instead } = await openOrClose(begun.chunks, async () => {
    // Only now: an upload that drips must not take the place of one that can be recognised.
    const audioSeconds = lengthOf(decoded, channelCount);
    const admitted = parts.enter({ client, host: parts.pool.find(folder)?.id, audioSeconds });
    const wished = { ...choice, ...failoverWish(options), signal };
    const serving = await openServing(parts, wished, (one, until) =>
      openSessions(parts.recognition, channelCount, { ...common, folder: one, signal: until }),
    );
    admitted.progress({ host: parts.pool.find(serving.opened[0].folder)?.id });
    const asker = { client, priority: "interactive", signal } as const;
    const opened = await withSteps(serving.opened, () => parts.textSteps(serving.opened[0], options, language, asker));
    return { ...opened, instead: serving.instead, ticket: admitted };
  });
  const [session] = sessions;
  const segments: Segment[] = [];
  let processedSeconds = -1;
  const chunks = countArrived(begun.chunks, ticket);
  const events = channels === "split" ? transcribeChannels(sessions, chunks) : run(session, firstOf(chunks));
  for await (const event of steps.apply(events)) {
    if (event.type === "progress") {
      if (event.processedSeconds <= processedSeconds) continue;
      ({ processedSeconds } = event);
      ticket.progress({ doneSeconds: processedSeconds * channelCount });
      yield progress(processedSeconds, decoded);
    } else {
      segments.push(event.segment);
      yield { type: "segment", segment: event.segment };
    }
  }
  const processingSeconds = (performance.now() - begunAt) / 1000;
  const summary = summaryOf(sessions);
  const itnDemanded = options.itn === true;
  const known = { session, summary, steps, itnDemanded, hints, segments, choice, instead, decoded, messageLanguage };
  yield { type: "done", transcript: toTranscript({ ...known, processingSeconds }) };
}

/** Seconds that the recording says it has, in all channels together. */
function lengthOf(decoded: DecodedAudio, channelCount: number): number | undefined {
  const seconds = decoded.declaredSeconds();
  return seconds === undefined ? undefined : seconds * channelCount;
}

function failoverWish({ model_path, words, failover }: TranscribeOptions) {
  const isNamed = model_path !== undefined;
  return { isNamed, wordsDemanded: words === true, ...(failover !== undefined && { allowed: failover }) };
}

function wordsOf({ words, response_format }: TranscribeOptions): OpenSession["words"] {
  if (words) return "demanded";
  // Subtitles are cut at word times where there are any.
  const isWanted = response_format !== undefined && response_format !== "json" && response_format !== "text";
  return isWanted ? "wanted" : "no";
}

async function withSteps(sessions: Sessions, make: () => Promise<TextSteps>) {
  try {
    return { sessions, steps: await make() };
  } catch (error) {
    for (const session of sessions) session.cancel();
    throw error;
  }
}

function progress(processedSeconds: number, decoded: DecodedAudio): TranscribeEvent {
  const duration = decoded.declaredSeconds();
  return { type: "progress", processed_seconds: processedSeconds, ...(duration !== undefined && { duration }) };
}

interface Outcome {
  readonly session: Session;
  readonly summary: SessionSummary;
  readonly steps: TextSteps;
  /** Whether the request itself asked for numbers in figures. */
  readonly itnDemanded: boolean;
  readonly hints: readonly string[];
  readonly segments: Segment[];
  readonly choice: Choice;
  /** Why the wished model did not serve, if another did. */
  readonly instead: VoxpoolError | undefined;
  readonly decoded: DecodedAudio;
  readonly messageLanguage: MessageLanguage;
  readonly processingSeconds: number;
}

function toTranscript(outcome: Outcome): Transcript {
  const { session, summary, segments, choice, processingSeconds } = outcome;
  const { info, folder } = session;
  const { durationSeconds, loadSeconds, queueSeconds, decodeSeconds } = summary;
  const language = choice.language ?? (info.languages.length === 1 ? info.languages[0] : undefined);
  return {
    success: true,
    text: textOf(segments),
    ...(language !== undefined && { language }),
    duration: durationSeconds,
    segments,
    processing_seconds: processingSeconds,
    real_time_factor: durationSeconds > 0 ? processingSeconds / durationSeconds : 0,
    model_path: choice.folder.modelPath,
    model_version: folder.version,
    ...(outcome.instead && { served_by: folder.modelPath }),
    warnings: warnings(outcome, durationSeconds),
    timings: { load_seconds: loadSeconds, queue_seconds: queueSeconds, decode_seconds: decodeSeconds },
  };
}

function warnings(
  { session, steps, itnDemanded, hints, choice, instead, decoded, messageLanguage }: Outcome,
  actual: number,
): Warning[] {
  const { info, folder } = session;
  const { language } = choice;
  const found: Warning[] = [];
  const warn = (reason: WarningReason, details: ErrorDetails): void =>
    void found.push(warning(reason, details, messageLanguage));
  if (instead) {
    const detail = instead.messageIn(messageLanguage);
    warn("served_by_other", { model_path: choice.folder.modelPath, served_by: folder.modelPath, detail });
  }
  const declared = decoded.declaredSeconds();
  if (declared !== undefined && declared - actual > Math.max(0.1, declared / 100)) {
    warn("audio_truncated", { seconds: actual.toFixed(1), declared_seconds: declared.toFixed(1) });
  }
  if (language !== undefined && info.languages.length === 0) {
    warn("language_unverified", { model_path: folder.modelPath, language });
  }
  if (hints.length > 0) warn("hints_unused", { hints: hints.join(", "), model_path: folder.modelPath });
  if (itnDemanded && info.itn !== true) warn("itn_unavailable", { model_path: folder.modelPath });
  if (steps.punctuationFailure !== undefined) {
    warn("punctuation_failed", { detail: steps.punctuationFailure.messageIn(messageLanguage) });
  }
  return found;
}
