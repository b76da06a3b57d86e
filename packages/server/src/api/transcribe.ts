import type {
  Reason,
  Segment,
  TranscribeEvent,
  TranscribeOptions,
  Transcript,
  Warning,
} from "@voxpool/client/contract";
import type { AudioDecoder, DecodedAudio } from "../audio/audio.ts";
import { parseDuration } from "../base/duration.ts";
import { type ErrorDetails, type MessageLanguage, VoxpoolError, type WarningReason, warning } from "../base/errors.ts";
import type { Span } from "../base/span.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import { summaryOf, transcribeChannels } from "../recognition/channels.ts";
import { transcribe as run } from "../recognition/transcribe.ts";
import type { OpenSession, Session, SessionSummary } from "../recognition/types.ts";
import type { Admission, Asking, Ticket } from "../schedule/admission.ts";
import { type Choice, type ChooseParts, chooseModel } from "./choose-model.ts";
import { textOf } from "./dialogue.ts";
import { type FailoverParts, openServing } from "./failover.ts";
import type { FileChanges } from "./file-changes.ts";
import type { KeyPlaces } from "./key-places.ts";
import { begin, countArrived, firstOf, openOrClose, openSessions, type Sessions } from "./open-recording.ts";
import { createTextSteps, type TextStepParts, type TextSteps } from "./text-steps.ts";
import type { Caller, RecognitionOutcome, TranscribeRequest } from "./types.ts";
import { viewOf } from "./view.ts";

export interface TranscribeParts extends ChooseParts, TextStepParts, Pick<FailoverParts, "failover" | "onFailover"> {
  /** Told of each recognition that a model was chosen for. */
  readonly onOutcome?: (outcome: RecognitionOutcome) => void;
  readonly changes: FileChanges;
  readonly audio: AudioDecoder;
  /** Decides who may begin. */
  readonly admission: Admission;
  /** Longest recording, seconds. */
  readonly maxSeconds: number;
}

/** `POST /api/transcribe`. */
export function createTranscribe(parts: TranscribeParts, keyPlaces: KeyPlaces) {
  const textSteps = createTextSteps(parts);
  return async function* transcribe(request: TranscribeRequest, caller: Caller): AsyncGenerator<TranscribeEvent, void> {
    const begunAt = performance.now();
    const over = new AbortController();
    let ticket: Ticket | undefined;
    let giveBack: (() => void) | undefined;
    const account: Account = { sessions: [] };
    const enter: RecogniseParts["enter"] = (asking) => {
      giveBack = keyPlaces.take(caller.principal);
      ticket = parts.admission.admit(asking);
      return ticket;
    };
    try {
      // Whatever ends the recognition also ends the reading of an upload that is still under way.
      const signal = AbortSignal.any([caller.signal, over.signal]);
      yield* recognise({ ...viewOf(parts, caller.principal), textSteps, enter, account }, request, {
        ...caller,
        signal,
      });
    } catch (error) {
      account.reason = VoxpoolError.from(error).reason;
      throw error;
    } finally {
      ticket?.release();
      giveBack?.();
      tellOutcome(account, (performance.now() - begunAt) / 1000, [parts.onOutcome, caller.onOutcome]);
      over.abort(new VoxpoolError("request_cancelled"));
    }
  };
}

/** What is known of a recognition when it ends. */
interface Account {
  folder?: ModelFolder;
  sessions: readonly Session[];
  isDone?: boolean;
  reason?: Reason;
}

function tellOutcome(account: Account, totalSeconds: number, listeners: readonly TranscribeParts["onOutcome"][]): void {
  if (account.folder === undefined) return;
  const outcome = outcomeOf(account.folder, account, totalSeconds);
  for (const listener of listeners) listener?.(outcome);
}

function outcomeOf(
  folder: ModelFolder,
  { sessions, isDone, reason }: Account,
  totalSeconds: number,
): RecognitionOutcome {
  const cost = sessions.length > 0 ? summaryOf(sessions) : { durationSeconds: 0, queueSeconds: 0, decodeSeconds: 0 };
  const { durationSeconds: audioSeconds, queueSeconds, decodeSeconds } = cost;
  // A reader that stopped early cancelled it.
  const why = reason ?? (isDone === true ? undefined : "request_cancelled");
  return { folder, audioSeconds, queueSeconds, decodeSeconds, totalSeconds, ...(why !== undefined && { reason: why }) };
}

interface RecogniseParts extends TranscribeParts {
  readonly account: Account;
  readonly textSteps: ReturnType<typeof createTextSteps>;
  /** Takes one of the places. @throws VoxpoolError of the admission */
  readonly enter: (asking: Asking) => Ticket;
}

async function* recognise(
  parts: RecogniseParts,
  { bytes, file, raw, options, hints = [] }: TranscribeRequest,
  { client, kind = "address", language: messageLanguage, signal, span }: Caller,
): AsyncGenerator<TranscribeEvent, void> {
  const begunAt = performance.now();
  const choose = () => chooseModel(parts, { modelPath: options.model_path, language: options.language });
  const { revision } = parts.names;
  const choosing = choose();
  const { channels = "mix" } = options;
  const source = { ...(raw && { raw }), ...(file !== undefined && { file }) };
  const decoded = parts.audio.decode(bytes, { maxSeconds: parts.maxSeconds, channels, signal, ...source });
  const beginning = begin(decoded.samples); // while the disk is looked at; the abort of `signal` ends it
  beginning.catch(() => undefined); // of a wrong model and wrong audio the model is told
  parts.account.folder = (await choosing).folder;
  parts.pool.touch(parts.account.folder, { client, kind });
  parts.changes.glance(parts.pool.find(parts.account.folder));
  const begun = await beginning; // a model is not loaded for what is no audio
  // An upload may have taken its time to begin: what it named is what the name means now.
  const choice = await openOrClose(begun.chunks, () => (revision === parts.names.revision ? choosing : choose()));
  parts.account.folder = choice.folder;
  const { channelCount } = begun;
  const audioSeconds = lengthOf(decoded, channelCount);
  const meant = async () => (await choose()).folder;
  const opening = { choice, meant, options, channelCount, audioSeconds, client, signal, span };
  const { ticket, sessions, steps, instead } = await openOrClose(begun.chunks, () => openAll(parts, opening));
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
    } else if (event.type === "final") {
      segments.push(event.segment);
      yield { type: "segment", segment: event.segment };
    }
  }
  parts.account.folder = session.folder; // a version that was rolled back has left it to the one before
  const processingSeconds = (performance.now() - begunAt) / 1000;
  const summary = summaryOf(sessions);
  const itnDemanded = options.itn === true;
  const known = { session, summary, steps, itnDemanded, hints, segments, choice, instead, decoded, messageLanguage };
  const transcript = toTranscript({ ...known, processingSeconds });
  parts.account.isDone = true; // before the reader has it: most read no further
  yield { type: "done", transcript };
}

interface Opening {
  readonly choice: Choice;
  /** What the request means by now. */
  readonly meant: () => Promise<ModelFolder>;
  readonly options: TranscribeOptions;
  readonly channelCount: number;
  readonly audioSeconds: number | undefined;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly span: Span | undefined;
}

/** Takes a place, and opens the sessions of all channels with the model that was chosen or one that serves instead. */
async function openAll(
  parts: RecogniseParts,
  { choice, meant, options, channelCount, audioSeconds, client, signal, span }: Opening,
) {
  const asker = { client, priority: "interactive", signal } as const;
  const wishes = { ...asker, span, ...sessionWishes(parts, options, choice.language) };
  const wished = { ...choice, ...failoverWish(options), signal };
  let entered: Ticket | undefined;
  const serving = await openServing(parts, wished, async (folder, until) => {
    // Only now: an upload that drips must not take the place of one that can be recognised.
    const host = () => parts.pool.find(folder)?.id;
    const ticket = entered ?? parts.enter({ client, host: host(), audioSeconds });
    entered = ticket;
    const isWished = folder.directory === choice.folder.directory;
    const target = { folder, signal: until, ...(isWished && { meant }) };
    const sessions = await openSessions(parts.recognition, channelCount, { ...wishes, ...target });
    ticket.progress({ host: host() });
    return { sessions, ticket };
  });
  const { sessions, ticket } = serving.opened;
  parts.account.folder = serving.folder;
  parts.account.sessions = sessions;
  const { steps } = await withSteps(sessions, () => parts.textSteps(sessions[0], options, choice.language, asker));
  return { sessions, steps, ticket, instead: serving.instead };
}

function sessionWishes({ text }: RecogniseParts, options: TranscribeOptions, language: string | undefined) {
  const { keep_alive, vad } = options;
  return {
    words: wordsOf(options),
    itn: options.itn ?? text.itn,
    ...(keep_alive !== undefined && { keepAliveSeconds: parseDuration(keep_alive, "keep_alive") }),
    ...(language !== undefined && { language }),
    ...(vad !== undefined && { vad }),
  };
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
    model_path: (outcome.instead ? choice.folder : folder).modelPath,
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
  if (steps.scriptFailure !== undefined) {
    warn("script_failed", { detail: steps.scriptFailure.messageIn(messageLanguage) });
  }
  return found;
}
