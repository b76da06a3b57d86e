import type { TranscribeOptions } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import { scriptOf } from "../engine/text/language.ts";
import type { Pool } from "../pool/types.ts";
import { type Punctuate, punctuated, punctuatedAtOnce } from "../recognition/punctuate.ts";
import type { Punctuator } from "../recognition/punctuator.ts";
import type { Script, ScriptConverter } from "../recognition/script.ts";
import { createScriptWriter, inScript, type ScriptWriter } from "../recognition/script-text.ts";
import type { OpenSession, Recognition, Session, SessionEvent } from "../recognition/types.ts";
import { createPunctuationFinder } from "./find-punctuation.ts";

/** What is done with text after recognition, unless a request says otherwise. */
export interface TextSettings {
  /** `auto`: with the model for punctuation that is on disk, if there is one; `off`; or the path of one. */
  readonly punctuation: string;
  /** Whether numbers are written in figures where the model can do both. */
  readonly itn: boolean;
  /** The characters that Chinese is written in; left out: those of the model. */
  readonly script?: Script;
}

export interface TextStepParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly recognition: Recognition;
  readonly scripts: ScriptConverter;
  readonly text: TextSettings;
}

/** The steps of one recognition. */
export interface TextSteps {
  /** The events with the steps done, numbered anew. */
  apply(events: AsyncIterable<SessionEvent>): AsyncIterable<SessionEvent>;
  /** The same for a live session: no segment waits for the next, nor long for punctuation that nobody demanded. */
  applyLive(events: AsyncIterable<SessionEvent>): AsyncIterable<SessionEvent>;
  /** What went wrong with punctuation, once the events have ended. */
  readonly punctuationFailure: VoxpoolError | undefined;
  /** Why some text is not in its script, likewise. */
  readonly scriptFailure: VoxpoolError | undefined;
}

type StepOptions = Pick<TranscribeOptions, "language" | "punctuate" | "script">;
type Asker = Pick<OpenSession, "client" | "priority" | "signal">;

/** Languages whose text is punctuated, and those whose characters have two scripts. */
const punctuatedLanguages: readonly string[] = ["zh", "yue", "en"];
const hanLanguages: readonly string[] = ["zh", "yue"];

/** Makes the steps of recognitions: punctuation, then the script of Chinese. */
export function createTextSteps(parts: TextStepParts) {
  const findPunctuation = createPunctuationFinder(parts, parts.text.punctuation);
  /** @throws VoxpoolError `punctuation_missing` if punctuation is demanded and cannot be had */
  return async (session: Session, options: StepOptions, language: string | undefined, asker: Asker) => {
    const languages = language === undefined ? session.info.languages : [language];
    const script = options.script ?? scriptOf(options.language ?? "") ?? parts.text.script;
    const { folder, problem } = await punctuationFolder(session, options.punctuate, languages, findPunctuation);
    const punctuator = folder && parts.recognition.punctuator({ folder, ...asker });
    const chinese = knows(languages, hanLanguages) ? script : undefined;
    const writer = chinese && createScriptWriter({ converter: parts.scripts, script: chinese, signal: asker.signal });
    return stepsOf({ punctuator, problem, writer, isDemanded: options.punctuate === true });
  };
}

interface PunctuationFound {
  readonly folder?: ModelFolder | undefined;
  /** Why the configured model cannot be used: no reason to refuse those who did not ask for it. */
  readonly problem?: VoxpoolError;
}

async function punctuationFolder(
  { info, folder: { modelPath } }: Session,
  wish: boolean | undefined,
  languages: readonly string[],
  find: () => Promise<ModelFolder | undefined>,
): Promise<PunctuationFound> {
  if (wish === false || info.punctuates === true) return {};
  const suits = knows(languages, punctuatedLanguages);
  try {
    const folder = suits ? await find() : undefined;
    if (folder === undefined && wish === true) throw noPunctuation(modelPath, suits);
    return { folder };
  } catch (error) {
    if (wish === true) throw error;
    return { problem: VoxpoolError.from(error) };
  }
}

function noPunctuation(modelPath: string, suits: boolean): VoxpoolError {
  const detail = suits
    ? "it has none of its own, and no model for punctuation is in the model directories"
    : "only Chinese and English text can be punctuated";
  return new VoxpoolError("punctuation_missing", { model_path: modelPath, detail });
}

/** Whether a model may write one of these; a model that says nothing of its languages may. */
function knows(languages: readonly string[], wanted: readonly string[]): boolean {
  return languages.length === 0 || languages.some((language) => wanted.includes(language));
}

interface Steps {
  readonly punctuator: Punctuator | undefined;
  readonly problem: VoxpoolError | undefined;
  readonly writer: ScriptWriter | undefined;
  /** Punctuation is. */
  readonly isDemanded: boolean;
}

/** Who speaks waits so long for marks, which come within milliseconds once their model is loaded. */
const mostMarksMs = 300;

function stepsOf({ punctuator, problem, writer, isDemanded }: Steps): TextSteps {
  return {
    apply(events) {
      const marked = punctuator ? punctuated(events, (text, seconds) => punctuator.punctuate(text, seconds)) : events;
      return writer === undefined ? marked : inScript(marked, writer);
    },
    applyLive(events) {
      const marks = punctuator && ((text: string, seconds: number) => punctuator.punctuate(text, seconds));
      const marked = marks ? punctuatedAtOnce(events, isDemanded ? marks : inTime(marks)) : events;
      return writer === undefined ? marked : inScript(marked, writer);
    },
    get scriptFailure() {
      return writer?.failure;
    },
    get punctuationFailure() {
      return problem ?? punctuator?.failure;
    },
  };
}

/** Gives up on an answer that takes long; the text stays as it is. */
function inTime(punctuate: Punctuate): Punctuate {
  return async (text, seconds) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, mostMarksMs, undefined);
    });
    const answer = punctuate(text, seconds);
    answer.catch(() => undefined); // of what comes too late nobody hears
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
