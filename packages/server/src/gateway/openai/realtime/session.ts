import { isDeepStrictEqual } from "node:util";
import type { LiveOutput, LiveRequest, LiveSession } from "../../../api/types.ts";
import { VoxpoolError } from "../../../base/errors.ts";
import type { OpenAiError } from "../failure.ts";
import { AutoTurns } from "./auto-turns.ts";
import { audioOf, type ClientEvent } from "./client-event.ts";
import { Conversation, type ServerEvent } from "./conversation.ts";
import { ManualTurns } from "./manual-turns.ts";
import {
  durationMs,
  initialSettings,
  liveOptionsOf,
  type RealtimeForm,
  type RealtimeSettings,
  sessionObject,
  updatedSettings,
} from "./settings.ts";
import type { Turns } from "./turns.ts";

export interface RealtimeSessionOptions {
  readonly form: RealtimeForm;
  /** The model that the URL names. */
  readonly urlModel: string | undefined;
  /** Opens a live recognition, by the name that the client gives its model. @throws VoxpoolError */
  readonly open: (model: string | undefined, request: LiveRequest, signal: AbortSignal) => Promise<LiveSession>;
  /** Sends events; resolves when more may be sent. Never rejects. */
  readonly send: (events: readonly ServerEvent[]) => Promise<void>;
  /** How an error is told. */
  readonly explain: (thrown: unknown) => { readonly error: VoxpoolError; readonly told: OpenAiError };
  /** A limit ended it: nothing more is taken. */
  readonly onLimit: () => void;
  /** Told how much audio a recognition had, seconds. */
  readonly onDuration: (seconds: number) => void;
  readonly newId: (kind: "sess" | "item") => string;
  readonly now?: () => number;
}

/** After a recognition could not be opened, audio is dropped for so long; each attempt costs an error event. */
const pauseMs = 1_000;

/**
 * A realtime session: the client's messages in, events out. It opens a live recognition with the first audio, and
 * another one when settings change or one came to its end; their events are told one recognition after the other.
 */
export class RealtimeSession {
  readonly #options: RealtimeSessionOptions;
  readonly #id: string;
  readonly #conversation: Conversation;
  #settings: RealtimeSettings;
  #turns: Turns;
  /** What audio goes to. */
  #live: LiveSession | undefined;
  readonly #running = new Set<LiveSession>();
  /** The telling of all recognitions so far. */
  #told: Promise<void> = Promise.resolve();
  /** Settings have changed, and are those of the next turn. */
  #isOutdated = false;
  #heardMs = 0;
  /** Since the last commit or clear. */
  #uncommittedBytes = 0;
  #pausedUntil = 0;
  /** What is to be told with the next text. */
  readonly #warnings: { readonly reason: string; readonly message: string }[] = [];
  readonly #life = new AbortController();

  constructor(options: RealtimeSessionOptions) {
    this.#options = options;
    this.#id = options.newId("sess");
    this.#conversation = new Conversation(options.form, () => options.newId("item"));
    this.#settings = initialSettings(options.urlModel);
    this.#turns = this.#newTurns();
  }

  /** The first event. */
  begin(): Promise<void> {
    const type = this.#options.form === "beta" ? "transcription_session.created" : "session.created";
    return this.#options.send([{ type, session: this.#object() }]);
  }

  /** Resolves when the next message may come. @throws VoxpoolError of what is wrong with the message */
  async take(event: ClientEvent): Promise<void> {
    switch (event.type) {
      case "input_audio_buffer.append":
        return this.#append(audioOf(event));
      case "input_audio_buffer.commit":
        return this.#commit();
      case "input_audio_buffer.clear":
        return this.#clear();
      case "session.update":
      case "transcription_session.update":
        return this.#update(event);
      default:
        throw new VoxpoolError("message_invalid", { detail: `its type is none of ${messageTypes.join(", ")}` });
    }
  }

  /**
   * The client has gone. A recognition that has nothing to tell comes to its end, as one that was used; others are
   * cancelled.
   */
  leave(): void {
    if (this.#live !== undefined && this.#running.size === 1 && this.#turns.isIdle) this.#live.end();
    else this.close(new VoxpoolError("request_cancelled"));
  }

  /** Ends it at once. Safe to call twice. */
  close(error: VoxpoolError): void {
    this.#life.abort(error);
    for (const live of this.#running) live.cancel(error);
  }

  async #append(audio: Buffer): Promise<void> {
    if (audio.length === 0 || this.#isPaused) return;
    this.#live ??= await this.#open();
    const live = this.#live;
    const ms = durationMs(this.#settings.format, audio.length);
    this.#uncommittedBytes += audio.length;
    this.#heardMs += ms;
    this.#turns.hear(ms);
    // What ended it is told with its events; the next audio opens another one.
    await live.write(audio).catch(() => undefined);
  }

  async #open(): Promise<LiveSession> {
    const { prompt, model } = this.#settings;
    const request = { options: liveOptionsOf(this.#settings), ...(prompt !== undefined && { hints: ["prompt"] }) };
    try {
      const live = await this.#options.open(model, request, this.#life.signal);
      this.#running.add(live);
      this.#told = this.#tellBehind(this.#told, live, this.#turns, this.#heardMs);
      return live;
    } catch (error) {
      this.#pausedUntil = this.#now() + pauseMs;
      throw error;
    }
  }

  async #commit(): Promise<void> {
    this.#pausedUntil = 0;
    if (this.#uncommittedBytes === 0) throw new VoxpoolError("live_commit_empty");
    this.#uncommittedBytes = 0;
    await this.#options.send(this.#turns.commit());
    this.#finalize();
  }

  async #clear(): Promise<void> {
    this.#pausedUntil = 0;
    this.#uncommittedBytes = 0;
    this.#turns.clear();
    await this.#options.send([{ type: "input_audio_buffer.cleared" }]);
    this.#finalize();
  }

  /** What was said so far becomes final; without a recognition it is so once those before it were told. */
  #finalize(): void {
    const live = this.#live;
    const turns = this.#turns;
    if (live !== undefined) live.finalize();
    else this.#told = this.#told.then(() => this.#options.send(turns.take({ type: "finalized" }, 0)));
    this.#retireIfOutdated();
  }

  async #update({ type, fields }: ClientEvent): Promise<void> {
    const { form } = this.#options;
    const before = this.#settings;
    this.#settings = updatedSettings(before, fields["session"], form);
    this.#pausedUntil = 0;
    this.#isOutdated ||= this.#live !== undefined && !isDeepStrictEqual(openedBy(before), openedBy(this.#settings));
    // The next bytes are of the new format.
    if (isDeepStrictEqual(before.format, this.#settings.format)) this.#retireIfOutdated();
    else this.#retire();
    const name = type === "session.update" ? "session" : "transcription_session";
    await this.#options.send([{ type: `${name}.updated`, session: this.#object() }]);
  }

  #retireIfOutdated(): void {
    if (!this.#turns.isInTurn && (this.#isOutdated || this.#live === undefined)) this.#retire();
  }

  /** The recognition under way comes to its end; the next audio goes to another one. */
  #retire(): void {
    this.#isOutdated = false;
    this.#live?.end();
    this.#live = undefined;
    const isManual = this.#settings.detection === null;
    if (isManual !== this.#turns instanceof ManualTurns) this.#turns = this.#newTurns();
  }

  #newTurns(): Turns {
    return this.#settings.detection === null
      ? new ManualTurns(this.#conversation)
      : new AutoTurns(this.#conversation, this.#heardMs);
  }

  async #tellBehind(earlier: Promise<void>, live: LiveSession, turns: Turns, offsetMs: number): Promise<void> {
    await earlier;
    try {
      for await (const output of live.events()) {
        await this.#options.send(this.#withWarnings(output, turns.take(output, offsetMs)));
        if (output.type === "ended") this.#options.onDuration(output.duration);
        if (this.#live === live) this.#retireIfOutdated();
      }
    } catch (thrown) {
      if (!this.#life.signal.aborted) await this.#tellFailure(thrown, turns, offsetMs);
    } finally {
      this.#running.delete(live);
      if (this.#live === live) this.#live = undefined;
    }
  }

  /** The protocol has no event for them: they stand in the next text that is complete, as in answers over HTTP. */
  #withWarnings(output: LiveOutput, events: readonly ServerEvent[]): readonly ServerEvent[] {
    if (output.type === "warning") this.#warnings.push({ reason: output.reason, message: output.message });
    return events.map((event) => {
      if (this.#warnings.length === 0 || !event.type.endsWith(".completed")) return event;
      return { ...event, warnings: this.#warnings.splice(0) };
    });
  }

  async #tellFailure(thrown: unknown, turns: Turns, offsetMs: number): Promise<void> {
    const { error, told } = this.#options.explain(thrown);
    // Who says nothing for a while has done nothing wrong: what was said before is final, and more opens another one.
    if (error.reason === "live_idle") {
      const duration = (this.#heardMs - offsetMs) / 1000;
      return this.#options.send(turns.take({ type: "ended", duration, segments: 0 }, offsetMs));
    }
    await this.#options.send([...turns.fail(told), { type: "error", error: { ...told, event_id: null } }]);
    if (error.reason === "live_too_long") this.#options.onLimit();
  }

  #object(): object {
    return sessionObject(this.#id, this.#settings, this.#options.form);
  }

  get #isPaused(): boolean {
    return this.#now() < this.#pausedUntil;
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }
}

/** What a recognition is opened by. */
const openedBy = (settings: RealtimeSettings) => [settings.model, liveOptionsOf(settings)];

const messageTypes = [
  "session.update",
  "transcription_session.update",
  "input_audio_buffer.append",
  "input_audio_buffer.commit",
  "input_audio_buffer.clear",
];
