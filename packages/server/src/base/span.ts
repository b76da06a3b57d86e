/** What a span says of itself: names and numbers, never audio, words or secrets. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A stretch of time in a trace. Where nothing is traced there is none, so that nothing is paid for it. */
export interface Span {
  /** For the line in the log. */
  readonly traceId: string;
  /** A stretch inside of this one. */
  child(name: string, attributes?: SpanAttributes): Span;
  set(attributes: SpanAttributes): void;
  /** @param reason why it failed, if it did */
  end(reason?: string): void;
}

/** Ends the span with what is waited for; without one there is nothing to wait for twice. */
export function untilDone<T>(span: Span | undefined, doing: Promise<T>): Promise<T> {
  return span === undefined ? doing : doing.finally(() => span.end());
}
