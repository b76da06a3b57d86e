import { hasType, readJson, readText } from "./answer.ts";
import type { Audio, OpenedAudio } from "./audio.ts";
import {
  type CallContext,
  type CallOptions,
  exchange,
  networkFailure,
  type RequestParts,
  scopeFailure,
  scopeOf,
} from "./call.ts";
import { checkBooleans, checkKeepAlive, checkText } from "./check.ts";
import type { ResponseFormat, TranscribeOptions, Transcript } from "./contract/transcribe.ts";
import { type RunningEvent, type TranscriptionEvent, wireEvents } from "./events.ts";
import { type CallFailure, type Served, servedBy } from "./failure.ts";
import { type Outcome, withRetries } from "./retry.ts";
import type { CallScope } from "./scope.ts";
import type { TransportAnswer } from "./transport.ts";

/** Formats that are text, written by the server. */
export type TextFormat = Extract<ResponseFormat, "text" | "srt" | "vtt" | "tsv" | "lrc">;

const queryOptions = [
  "model_path",
  "language",
  "response_format",
  "words",
  "channels",
  "vad",
  "itn",
  "punctuate",
  "script",
  "client_id",
  "keep_alive",
  "failover",
] as const;

/** Options of every recognition. Those of the contract keep the names they have on the wire. */
export interface RecognitionOptions extends CallOptions, Omit<TranscribeOptions, "stream" | "response_format"> {
  /**
   * What the bytes are, for samples without a header: `audio/pcm;rate=16000;channels=1`. Everything else the server
   * recognises by its content.
   */
  readonly contentType?: string;
}

/** Options of a recognition whose result is a transcript. */
export interface TranscriptOptions extends RecognitionOptions {
  readonly response_format?: Exclude<ResponseFormat, TextFormat>;
  /**
   * Called for each event while the recognition runs. It is awaited, so a slow one slows the recognition; what it
   * throws ends the recognition, and `transcribe` rejects with it.
   */
  readonly onEvent?: (event: RunningEvent) => unknown;
}

/** Options of a recognition whose result is text in a format. */
export interface TextOptions extends RecognitionOptions {
  readonly response_format: TextFormat;
}

/** A recording as text in the format that was asked for. */
export interface TranscriptText {
  readonly success: true;
  readonly response_format: TextFormat;
  readonly text: string;
}

const textFormats: ReadonlySet<unknown> = new Set<TextFormat>(["text", "srt", "vtt", "tsv", "lrc"]);
const formats: ReadonlySet<unknown> = new Set(["json", "verbose_json", ...textFormats]);

/** Recognises a recording; the format decides over the form of the result. @throws TypeError on misuse */
export async function transcribe(
  context: CallContext,
  audio: Audio,
  options: TranscriptOptions | TextOptions,
): Promise<Served<Transcript | TranscriptText> | CallFailure> {
  if (isTextOptions(options)) return transcribeToText(context, audio, options);
  for await (const event of transcribeEvents(context, audio, options)) {
    if (event.type === "done") return event.transcript;
    if (event.type === "error") return event.failure;
    await options.onEvent?.(event);
  }
  throw new Error("unreachable: the events end with done or error");
}

/** The events of a recognition, ending with `done` or `error`; leaving the loop cancels it. @throws TypeError on misuse */
export async function* transcribeEvents(
  context: CallContext,
  audio: Audio,
  options: TranscriptOptions,
): AsyncGenerator<TranscriptionEvent, void, undefined> {
  if (isTextOptions(options)) throw new TypeError("text and subtitles have no events; use transcribe()");
  const sending = new Sending(context, audio, options);
  const { target } = context.transport;
  try {
    const outcome = await sending.run<AsyncIterable<TranscriptionEvent>>({ stream: "true" }, (answer, scope) =>
      answer.body !== null && answer.status < 400 && hasType(answer, "text/event-stream")
        ? begun(
            signed(
              wireEvents(answer.body, target, scope.signal, (error) => sending.explain(error)),
              answer,
            ),
          )
        : wholeAnswer(readJson<Transcript>(answer, target, scope.signal)),
    );
    if (outcome.ok) yield* outcome.value;
    else yield { type: "error", failure: outcome.failure };
  } finally {
    sending.close();
  }
}

async function transcribeToText(
  context: CallContext,
  audio: Audio,
  options: TextOptions,
): Promise<Served<TranscriptText> | CallFailure> {
  if ("onEvent" in options && options.onEvent !== undefined) {
    throw new TypeError("text and subtitles have no events, so onEvent would never be called");
  }
  const sending = new Sending(context, audio, options);
  try {
    const { response_format } = options;
    const outcome = await sending.run<Served<TranscriptText>>({}, async (answer, scope) => {
      const read = await readText(answer, context.transport.target, scope.signal);
      if (!read.ok) return read;
      return { ok: true, value: { success: true, response_format, text: read.value, ...servedBy(answer) } };
    });
    return outcome.ok ? outcome.value : outcome.failure;
  } finally {
    sending.close();
  }
}

/** One recording on its way: the life of its call, and the source while it is open. */
class Sending {
  readonly #context: CallContext;
  readonly #audio: Audio;
  readonly #options: TranscriptOptions | TextOptions;
  readonly #scope: CallScope;
  #opened: OpenedAudio | undefined;

  constructor(context: CallContext, audio: Audio, options: TranscriptOptions | TextOptions) {
    checkOptions(options);
    this.#context = context;
    this.#audio = audio;
    this.#options = options;
    // No limit by default: a long recording takes long, and a model may have to be loaded first.
    this.#scope = scopeOf(context, options, Infinity);
  }

  /** Recognition changes nothing on the server, so whatever can be sent again may be, until its first event is there. */
  run<T>(
    query: Record<string, string>,
    read: (answer: TransportAnswer, scope: CallScope) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const { transport, retry } = this.#context;
    const client_id = this.#options.client_id ?? this.#context.clientId;
    const attempt = () => {
      this.#opened?.stop();
      this.#opened = this.#audio.open();
      const request = requestOf(this.#audio, this.#opened, this.#options, { client_id, ...query });
      return exchange(transport, request, this.#scope, (answer) => read(answer, this.#scope), this.explain.bind(this));
    };
    return withRetries(attempt, this.#audio.replayable ? "always" : "never", retry, this.#scope);
  }

  /** A source that fails breaks the connection too: then the source is the reason. */
  explain(error: unknown): CallFailure {
    const { target } = this.#context.transport;
    return scopeFailure(this.#scope) ?? this.#opened?.failure() ?? networkFailure(error, target);
  }

  close(): void {
    this.#scope.close();
    this.#opened?.stop();
  }
}

function requestOf(
  audio: Audio,
  opened: OpenedAudio,
  options: TranscriptOptions | TextOptions,
  extra: Record<string, string>,
): RequestParts {
  const query: Record<string, string> = {};
  for (const name of queryOptions) {
    if (options[name] !== undefined) query[name] = String(options[name]);
  }
  return {
    method: "POST",
    path: "/transcribe",
    query: { ...query, ...extra },
    headers: {
      accept: extra.stream === undefined ? "*/*" : "text/event-stream, application/json",
      "content-type": options.contentType ?? audio.contentType ?? "application/octet-stream",
    },
    body: opened.body,
  };
}

/** Waits for the first event: a recognition that fails before it may be tried again, since nobody has heard of it. */
async function begun(
  events: AsyncGenerator<TranscriptionEvent, void, undefined>,
): Promise<Outcome<AsyncIterable<TranscriptionEvent>>> {
  const first = await events.next();
  if (first.done === true) throw new Error("unreachable: the events end with done or error");
  if (first.value.type === "error") {
    await events.return();
    return { ok: false, failure: first.value.failure, mayHaveArrived: true };
  }
  return { ok: true, value: resumed(first.value, events) };
}

/** The events, the last of which says who served where there is a choice. */
async function* signed(
  events: AsyncIterable<TranscriptionEvent>,
  answer: TransportAnswer,
): AsyncGenerator<TranscriptionEvent, void, undefined> {
  const by = servedBy(answer);
  for await (const event of events) {
    if (event.type === "done") yield { ...event, transcript: { ...event.transcript, ...by } };
    else if (event.type === "error") yield { ...event, failure: { ...event.failure, ...by } };
    else yield event;
  }
}

async function* resumed(first: TranscriptionEvent, rest: AsyncGenerator<TranscriptionEvent, void, undefined>) {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** A server without events answers at once with the whole transcript. */
async function wholeAnswer(
  answer: Promise<Outcome<Served<Transcript>>>,
): Promise<Outcome<AsyncIterable<TranscriptionEvent>>> {
  const outcome = await answer;
  if (!outcome.ok) return outcome;
  const transcript = outcome.value;
  const only = async function* (): AsyncGenerator<TranscriptionEvent, void, undefined> {
    yield { type: "done", transcript };
  };
  return { ok: true, value: only() };
}

function isTextOptions(options: TranscriptOptions | TextOptions): options is TextOptions {
  return textFormats.has(options.response_format);
}

function checkOptions(options: TranscriptOptions | TextOptions): void {
  for (const name of ["model_path", "language", "channels", "vad", "client_id", "contentType"] as const) {
    if (options[name] !== undefined) checkText(options[name], name);
  }
  checkBooleans(options, "words", "itn", "punctuate", "failover");
  checkKeepAlive(options.keep_alive, "keep_alive");
  const script: unknown = options.script;
  if (script !== undefined && script !== "hans" && script !== "hant")
    throw new TypeError("script must be hans or hant");
  if (options.response_format !== undefined && !formats.has(options.response_format)) {
    throw new TypeError(`response_format must be one of ${[...formats].join(", ")}`);
  }
  const onEvent: unknown = "onEvent" in options ? options.onEvent : undefined;
  if (onEvent !== undefined && typeof onEvent !== "function") throw new TypeError("onEvent must be a function");
}
