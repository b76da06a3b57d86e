import type { Segment } from "@voxpool/client/contract";
import type { VoxpoolError } from "../base/errors.ts";
import type { Span } from "../base/span.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { EngineInfo, LiveSettings, RecognizedSpan, VadMode } from "../engine/engine.ts";
import type { Blame } from "../pool/types.ts";
import type { Priority } from "../schedule/schedule.ts";
import type { SpeechEdge } from "./attempt.ts";
import type { PoisonMark } from "./poison.ts";
import type { Punctuator } from "./punctuator.ts";

/** One recognition. Events are numbered from 1 without gaps; a `final` never changes. */
export type SessionEvent =
  | {
      readonly type: "final";
      readonly number: number;
      readonly segment: Segment;
      /** All readings, the best first, where they were asked for. */
      readonly alternatives?: readonly { readonly text: string; readonly confidence?: number }[];
      /** Speaker vector, where the model makes one. */
      readonly speaker?: readonly number[];
    }
  | {
      readonly type: "progress";
      readonly number: number;
      /** Seconds of the recording that are done; later parts may be among them. */
      readonly processedSeconds: number;
      /** No segment that starts before this comes any more. */
      readonly settledSeconds: number;
    }
  | LiveEvent;

/** What a live session says besides. */
export type LiveEvent =
  | {
      readonly type: "partial";
      readonly number: number;
      /** Of the segment that this becomes; a reader that is slow gets the last one only. */
      readonly id: number;
      readonly startSeconds: number;
      /** Empty: there is nothing in it after all. */
      readonly text: string;
      /** The beginning of `text` that stays: later partials and the final begin with it. */
      readonly stable: string;
    }
  | { readonly type: "speech_started" | "speech_ended"; readonly number: number; readonly atSeconds: number }
  /** What was written before a flush is final. */
  | { readonly type: "flushed"; readonly number: number };

export interface SessionSummary {
  /** Seconds of audio that were taken in. */
  readonly durationSeconds: number;
  readonly loadSeconds: number;
  readonly queueSeconds: number;
  readonly decodeSeconds: number;
  /** How often another process took it up. */
  readonly replays: number;
  /** Partials that were not decoded, since they came to nothing while they waited for a turn. */
  readonly droppedPartials: number;
}

export interface OpenSession {
  readonly folder: ModelFolder;
  readonly client: string;
  readonly priority: Priority;
  /** Word times: not at all, where the engine has them, or else refuse. */
  readonly words: "no" | "wanted" | "demanded";
  readonly language?: string;
  /** Whether numbers are written in figures, where the model can choose. */
  readonly itn?: boolean;
  /** `on` unless given. */
  readonly vad?: VadMode;
  readonly signal?: AbortSignal;
  /** How long the model stays when idle, as this request wishes; infinite: for ever. */
  readonly keepAliveSeconds?: number;
  /**
   * What was asked for means that by now. Asked when the model can serve no more: a version that is rolled back leaves
   * its recognitions to the one before it.
   */
  readonly meant?: () => Promise<ModelFolder>;
  /**
   * Calls whenever `meant` may give another model than before; gives the function that ends that. A live session then
   * goes over to it, at the end of an utterance or after 30 s; a recording is finished by what began it.
   */
  readonly onMeaning?: (listener: () => void) => () => void;
  /** Left out: a recording. Then `vad` is without effect. */
  readonly live?: LiveSettings;
  readonly hotwords?: readonly string[];
  readonly grammar?: readonly string[];
  /** Text and words as the engine gives them. */
  readonly isVerbatim?: boolean;
  /** How many readings are wanted. */
  readonly alternatives?: number;
  /** The span that it lies in, where it is traced. */
  readonly span?: Span | undefined;
  /** One more session of a recognition that is counted already. */
  readonly isPart?: boolean;
  /** Its finals are of no use to anybody: it ends with its process, and no other takes it up. */
  readonly isPartialsOnly?: boolean;
}

/** A running recognition; live transports and files use the same. */
export interface Session {
  readonly info: EngineInfo;
  /** The model that serves it; another one if it went over to that (`OpenSession.meant`). */
  readonly folder: ModelFolder;
  /** Resolves when the session may take more samples. @throws what ended the session */
  write(samples: Float32Array): Promise<void>;
  /**
   * Resolves when an engine that follows the stream has taken all samples before this one, but for a moment; at once
   * for engines that decode whole utterances. @throws what ended the session
   */
  caughtUp(sample: number): Promise<void>;
  /** What was written so far becomes final, and a `flushed` comes behind it. Live sessions alone. */
  flush(): void;
  /** No more samples. */
  end(): void;
  /** Of a live session: from now on another gives the partials, and it makes none. One at a time. */
  givePartials(from: PartialsFrom): PartialsPlace;
  /** What it was for is done: ends it at once, and counts it as a use of the model. Without effect when it is over. */
  finish(): void;
  /** Ends it at once; events then throw `error`, by default `request_cancelled`. Safe to call twice. */
  cancel(error?: VoxpoolError): void;
  /** Pulled; a reader that does not read holds the input back in the end. Iterate once. */
  events(): AsyncIterable<SessionEvent>;
  /** What it cost; complete after the last event. */
  summary(): SessionSummary;
}

/** Who gives partials in the place of a session hears what becomes of the speech that they are of. */
export interface PartialsFrom {
  /** These are recognised, and told after what was shown before. */
  replaced(spans: readonly RecognizedSpan[]): void;
  speech(edge: SpeechEdge): void;
}

/** Where it gives them. */
export interface PartialsPlace {
  /** What is heard of all that is not recognised yet; nothing of it is stable. */
  show(span: RecognizedSpan): void;
  /** The session makes its own again. Safe to call twice. */
  giveBack(): void;
}

/** A session that another process took up. */
export interface ReplayNotice {
  readonly folder: ModelFolder;
  readonly client: string;
  /** How the process before it came to its end. */
  readonly blame: Blame;
}

/** A session whose audio ends processes of its model: proven just now. */
export interface PoisonNotice {
  readonly folder: ModelFolder;
  readonly client: string;
  readonly mark: PoisonMark;
}

export interface Recognition {
  /** Leases the model (loading it if needed) and opens a session. @throws VoxpoolError of the load */
  open(options: OpenSession): Promise<Session>;
  /** Punctuation with the model of a folder, for one recognition. */
  punctuator(options: Pick<OpenSession, "folder" | "client" | "priority" | "signal">): Punctuator;
}

export type { Segment };
