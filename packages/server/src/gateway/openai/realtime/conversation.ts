import type { OpenAiError } from "../failure.ts";
import type { RealtimeForm } from "./settings.ts";

/** What the server sends, before it has its `event_id`. */
export interface ServerEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The items of a session in the order of their commits, and the events that tell of them. */
export class Conversation {
  readonly #form: RealtimeForm;
  readonly #newId: () => string;
  #previous: string | null = null;

  constructor(form: RealtimeForm, newId: () => string) {
    this.#form = form;
    this.#newId = newId;
  }

  newItemId(): string {
    return this.#newId();
  }

  speechStarted(itemId: string, ms: number): ServerEvent {
    return { type: "input_audio_buffer.speech_started", audio_start_ms: Math.round(ms), item_id: itemId };
  }

  speechStopped(itemId: string, ms: number): ServerEvent {
    return { type: "input_audio_buffer.speech_stopped", audio_end_ms: Math.round(ms), item_id: itemId };
  }

  /** The audio of an item is complete; its text may still be to come. */
  committed(itemId: string): readonly ServerEvent[] {
    const previous = this.#previous;
    this.#previous = itemId;
    const item = {
      id: itemId,
      object: "realtime.item",
      type: "message",
      status: "completed",
      role: "user",
      content: [{ type: "input_audio", transcript: null }],
    };
    const about = { previous_item_id: previous, item };
    return [
      { type: "input_audio_buffer.committed", previous_item_id: previous, item_id: itemId },
      ...(this.#form === "beta"
        ? [{ type: "conversation.item.created", ...about }]
        : [
            { type: "conversation.item.added", ...about },
            { type: "conversation.item.done", ...about },
          ]),
    ];
  }

  delta(itemId: string, delta: string): ServerEvent {
    return { type: `${transcription}.delta`, item_id: itemId, content_index: 0, delta };
  }

  completed(itemId: string, transcript: string, ms: number): ServerEvent {
    const usage = { type: "duration", seconds: Math.round(ms) / 1000 };
    return { type: `${transcription}.completed`, item_id: itemId, content_index: 0, transcript, usage };
  }

  failed(itemId: string, { type, code, message, param }: OpenAiError): ServerEvent {
    const error = { type, code, message, param };
    return { type: `${transcription}.failed`, item_id: itemId, content_index: 0, error };
  }
}

const transcription = "conversation.item.input_audio_transcription";
