import type { LiveOptions } from "@voxpool/client/contract";
import type { AudioDecoder } from "../audio/audio.ts";
import { Kernels } from "../audio/resample.ts";
import { parseDuration } from "../base/duration.ts";
import { type ErrorDetails, type MessageLanguage, VoxpoolError, type WarningReason, warning } from "../base/errors.ts";
import { pathWithoutVersion } from "../base/versioned-path.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, LiveSettings } from "../engine/engine.ts";
import type { OpenSession, Session } from "../recognition/types.ts";
import { type Choice, type ChooseParts, chooseModel } from "./choose-model.ts";
import { type FailoverParts, openServing } from "./failover.ts";
import type { FileChanges } from "./file-changes.ts";
import { ForcedAway } from "./forced-away.ts";
import type { KeyPlaces } from "./key-places.ts";
import { createLiveInput } from "./live-input.ts";
import { FastModel, fastModelOf } from "./live-partials.ts";
import { type LivePlaceLimits, LivePlaces } from "./live-places.ts";
import { type LiveLimits, RunningLive } from "./live-session.ts";
import { createTextSteps, type TextStepParts, type TextSteps } from "./text-steps.ts";
import type { Caller, LiveOutput, LiveRequest, LiveSession, RecognitionOutcome } from "./types.ts";
import { viewOf } from "./view.ts";

export interface LiveParts extends ChooseParts, TextStepParts, Pick<FailoverParts, "failover" | "onFailover"> {
  /** Told of each session that a model was chosen for. */
  readonly onOutcome?: (outcome: RecognitionOutcome) => void;
  readonly changes: FileChanges;
  readonly audio: AudioDecoder;
  readonly live: LivePlaceLimits &
    LiveLimits & {
      /** The path of a fast model for the partials of sessions that name none; empty: their own gives them. */
      readonly partialsModel: string;
    };
}

/**
 * `WS /api/stream`, and whatever else carries speech as it is spoken.
 * @param keyPlaces count sessions with the recognitions of recordings
 */
export function createLive(parts: LiveParts, keyPlaces: KeyPlaces) {
  const textSteps = createTextSteps(parts);
  const places = new LivePlaces(parts.live);
  const kernels = new Kernels();
  const forcedAway = new ForcedAway(parts.pool);
  return async function openLive(request: LiveRequest, caller: Caller): Promise<LiveSession> {
    const giveBack = bothOf(keyPlaces.take(caller.principal), () => places.take(caller.client));
    let opened: Opened | undefined;
    const over = new AbortController();
    try {
      const asking = { ...caller, signal: AbortSignal.any([caller.signal, over.signal]) };
      opened = await open({ ...viewOf(parts, caller.principal), textSteps, forcedAway }, request, asking);
    } catch (error) {
      giveBack();
      throw error;
    }
    const { session, steps, fast } = opened;
    const { options } = request;
    const { audio, live } = parts;
    const { principal } = caller;
    const running = new RunningLive({
      ...(principal && { isAllowed: () => principal.isValid() }),
      session,
      steps,
      model: modelOf(opened, options),
      makeInput: (sink) => createLiveInput(formatOf(options), sink, { audio, kernels, maxSeconds: live.maxSeconds }),
      warnings: warningsOf(opened, request, caller.language),
      limits: live,
      language: caller.language,
      onOver: (error) => {
        giveBack();
        forcedAway.forget(session);
        fast?.leave();
        over.abort(error ?? new VoxpoolError("request_cancelled")); // nobody waits for a text any more
        const outcome = outcomeOf(session, error);
        for (const listener of [parts.onOutcome, caller.onOutcome]) listener?.(outcome);
        if (fast?.session) parts.onOutcome?.({ ...outcomeOf(fast.session, fast.failure ?? error), isPart: true });
      },
    });
    forcedAway.tell(session, (error) => running.stop(error));
    fast?.onFailure((error) =>
      running.warn("partials_model_unavailable", { detail: error.messageIn(caller.language) }),
    );
    return running;
  };
}

/** A second place beside the first one, which is given back if there is no second. @throws what `takeSecond` throws */
function bothOf(giveBackFirst: () => void, takeSecond: () => () => void): () => void {
  try {
    const giveBackSecond = takeSecond();
    return () => {
      giveBackSecond();
      giveBackFirst();
    };
  } catch (error) {
    giveBackFirst();
    throw error;
  }
}

interface Opened {
  readonly session: Session;
  /** What gives the partials, if that was to be another model. */
  readonly fast: FastModel | undefined;
  readonly steps: TextSteps;
  readonly choice: Choice;
  /** Why the wished model does not serve, if another does. */
  readonly instead: VoxpoolError | undefined;
}

interface OpenParts extends LiveParts {
  readonly textSteps: ReturnType<typeof createTextSteps>;
  readonly forcedAway: ForcedAway;
}

/** Chooses and loads the model, and opens a session with it or one that serves instead. @throws VoxpoolError */
async function open(parts: OpenParts, request: LiveRequest, caller: Caller): Promise<Opened> {
  const { client, kind = "address", signal, span } = caller;
  const { options } = request;
  const choose = () => chooseModel(parts, { modelPath: options.model_path, language: options.language });
  const choice = await choose();
  parts.pool.touch(choice.folder, { client, kind });
  parts.changes.glance(parts.pool.find(choice.folder));
  const asker = { client, priority: "live_final", signal } as const;
  const onMeaning = (listener: () => void) => parts.names.subscribe(listener);
  const asked = wishesOf(parts, request, choice.language);
  const wishes = { ...asker, span, ...asked, onMeaning };
  const fastModel = fastModelOf(request, parts.live.partialsModel);
  const fast = fastModel === undefined ? undefined : new FastModel(parts, fastModel, asked, caller);
  const meantFor = (served: ModelFolder) => async () => {
    const isWished = served.directory === choice.folder.directory;
    const meant = isWished ? (await choose()).folder : await parts.names.resolve(served.modelPath);
    const isModel = options.model_path !== undefined || pathWithoutVersion(meant) === pathWithoutVersion(served);
    return isModel ? meant : served; // who named no model is not taken to another one
  };
  let session: Session | undefined;
  try {
    const { opened: main, instead } = await openServing(
      parts,
      { ...choice, ...failoverWish(options), signal },
      (folder, until) => parts.recognition.open({ ...wishes, folder, meant: meantFor(folder), signal: until }),
    );
    session = main;
    session = (await fast?.join(main, choice.language)) ?? main;
    parts.forcedAway.watch(session);
    const steps = await parts.textSteps(session, options, choice.language, asker);
    return { session, fast, steps, choice, instead };
  } catch (error) {
    fast?.leave();
    if (session) parts.forcedAway.forget(session);
    session?.cancel();
    throw error;
  }
}

function wishesOf({ text }: LiveParts, { options, wantsWords, isVerbatim }: LiveRequest, language: string | undefined) {
  const { keep_alive, words, hotwords, grammar, alternatives } = options;
  const wordsWish: OpenSession["words"] = words === true ? "demanded" : wantsWords === true ? "wanted" : "no";
  return {
    words: wordsWish,
    itn: options.itn ?? text.itn,
    live: settingsOf(options),
    ...(isVerbatim !== undefined && { isVerbatim }),
    ...(keep_alive !== undefined && { keepAliveSeconds: parseDuration(keep_alive, "keep_alive") }),
    ...(language !== undefined && { language }),
    ...(hotwords !== undefined && { hotwords }),
    ...(grammar !== undefined && { grammar }),
    ...(alternatives !== undefined && { alternatives }),
  };
}

function settingsOf({ partials = true, endpointing = {} }: LiveOptions): LiveSettings {
  const { mode = "auto", silence_ms, threshold } = endpointing;
  return {
    partials,
    manual: mode === "manual",
    ...(silence_ms !== undefined && { silenceSeconds: silence_ms / 1000 }),
    ...(threshold !== undefined && { threshold }),
  };
}

function failoverWish({ model_path, words, failover }: LiveOptions) {
  const isNamed = model_path !== undefined;
  return { isNamed, wordsDemanded: words === true, ...(failover !== undefined && { allowed: failover }) };
}

function formatOf({ encoding = "s16le", sample_rate: rateHz = 16_000, channels = 1 }: LiveOptions) {
  return { encoding, rateHz, channels };
}

function modelOf({ session, choice, fast }: Opened, { words, partials }: LiveOptions): LiveSession["model"] {
  const { info, folder } = session;
  const language = choice.language ?? (info.languages.length === 1 ? info.languages[0] : undefined);
  return {
    model_path: folder.modelPath,
    model_version: folder.version,
    ...(language !== undefined && { language }),
    words: words === true && info.words,
    partials: partials !== false,
    ...(fast?.modelPath !== undefined && { partials_model_path: fast.modelPath }),
  };
}

type Warned = Extract<LiveOutput, { type: "warning" }>;

function warningsOf(
  { session, choice, instead }: Opened,
  { options, hints = [] }: LiveRequest,
  messageLanguage: MessageLanguage,
): readonly Warned[] {
  const { info, folder } = session;
  const { modelPath: model_path } = folder;
  const { language } = choice;
  const warned: Warned[] = [];
  const warn = (reason: WarningReason, details: ErrorDetails): void =>
    void warned.push({ type: "warning", ...warning(reason, details, messageLanguage) });
  if (instead) {
    const detail = instead.messageIn(messageLanguage);
    warn("served_by_other", { model_path: choice.folder.modelPath, served_by: model_path, detail });
  }
  if (language !== undefined && info.languages.length === 0) warn("language_unverified", { model_path, language });
  const unused = [...hints, ...unusedBy(info, options)];
  if (unused.length > 0) warn("hints_unused", { hints: unused.join(", "), model_path });
  if (options.itn === true && info.itn !== true) warn("itn_unavailable", { model_path });
  return warned;
}

/** What is wished of the words to come, and the model cannot use. */
function unusedBy(info: EngineInfo, { hotwords = [], grammar = [], alternatives = 0 }: LiveOptions): readonly string[] {
  return [
    ...(hotwords.length > 0 && info.hotwords !== true ? ["hotwords"] : []),
    ...(grammar.length > 0 && info.grammar !== true ? ["grammar"] : []),
    ...(alternatives > 0 && info.alternatives !== true ? ["alternatives"] : []),
  ];
}

function outcomeOf(session: Session, error: VoxpoolError | undefined): RecognitionOutcome {
  const { durationSeconds: audioSeconds, queueSeconds, decodeSeconds, droppedPartials } = session.summary();
  // It lasts as long as somebody speaks: what it took is what they waited for.
  const totalSeconds = queueSeconds + decodeSeconds;
  const live = { droppedPartials };
  const cost = { folder: session.folder, audioSeconds, queueSeconds, decodeSeconds, totalSeconds, live };
  return { ...cost, ...(error && { reason: error.reason }) };
}
