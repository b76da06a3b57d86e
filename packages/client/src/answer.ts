import { type CallFailure, ownFailure, servedBy, wireFailure } from "./failure.ts";
import { type FailedOutcome, type Outcome, retryAfterSeconds } from "./retry.ts";
import { untilAborted } from "./scope.ts";
import type { TransportAnswer } from "./transport.ts";

/** The largest answer that is taken in; six hours of words are about 8 MB. */
export const answerLimitBytes = 32 * 1024 * 1024;
/** Of a failure more is never needed. */
const failureLimitBytes = 64 * 1024;
const quotedChars = 200;

/** The answer was longer than the client takes in. */
class AnswerTooLarge extends Error {}

/**
 * The answer that a request gets, or a rejection as soon as the signal is aborted. One that comes after that, from a
 * transport that does not heed the signal, is let go of: else its connection would stay open.
 */
export async function answerTo(sending: Promise<TransportAnswer>, signal: AbortSignal): Promise<TransportAnswer> {
  try {
    return await untilAborted(sending, signal);
  } catch (error) {
    sending.then(({ body }) => body?.cancel()).catch(() => undefined);
    throw error;
  }
}

/** Whether the head of the answer says that its body is of the given type. */
export function hasType(answer: TransportAnswer, type: string): boolean {
  return (answer.headers.get("content-type") ?? "").toLowerCase().startsWith(type);
}

/**
 * Reads a JSON answer: a success, or what else `isAnswer`, as it is on the wire; a failure with the client's fields.
 * @throws what the body's stream throws
 */
export async function readJson<T>(
  answer: TransportAnswer,
  target: string,
  signal: AbortSignal,
  isAnswer: (body: Readonly<Record<string, unknown>>, status: number) => boolean = isSuccess,
): Promise<Outcome<T>> {
  return readWith(answer, target, signal, (text) => {
    const body = parseObject(text);
    if (body === undefined) return notVoxpool(answer, target, quote(text));
    if (isAnswer(body, answer.status)) return { ok: true, value: { ...body, ...servedBy(answer) } as T };
    if (answer.status < 400 && body.success !== false) return notVoxpool(answer, target, quote(text));
    return failed(wireFailure(answer.status, body), answer);
  });
}

/**
 * Reads an answer that is text when it succeeds.
 * @throws what the body's stream throws
 */
export async function readText(answer: TransportAnswer, target: string, signal: AbortSignal): Promise<Outcome<string>> {
  if (answer.status >= 400 || hasType(answer, "application/json")) return readJson<never>(answer, target, signal);
  return readWith(answer, target, signal, (text) =>
    hasType(answer, "text/html") ? notVoxpool(answer, target, quote(text)) : { ok: true, value: text },
  );
}

async function readWith<T>(
  answer: TransportAnswer,
  target: string,
  signal: AbortSignal,
  use: (text: string) => Outcome<T>,
): Promise<Outcome<T>> {
  const limitBytes = answer.status >= 400 ? failureLimitBytes : answerLimitBytes;
  try {
    return use(await readAll(answer.body, limitBytes, signal));
  } catch (error) {
    if (error instanceof AnswerTooLarge) return notVoxpool(answer, target, `more than ${limitBytes} bytes`);
    throw error;
  }
}

async function readAll(body: TransportAnswer["body"], limitBytes: number, signal: AbortSignal): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), signal);
      if (done) return parts.join("") + decoder.decode();
      bytes += value.byteLength;
      if (bytes > limitBytes) throw new AnswerTooLarge();
      parts.push(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

function isSuccess({ success }: Readonly<Record<string, unknown>>, status: number): boolean {
  return status < 400 && success === true;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function notVoxpool(answer: TransportAnswer, url: string, what: string): FailedOutcome {
  const type = answer.headers.get("content-type") ?? "no content type";
  const detail = `HTTP ${answer.status}, ${type}: ${what}`;
  return failed(ownFailure("answer_invalid", { url, detail }, answer.status), answer);
}

function failed(failure: CallFailure, answer: TransportAnswer): FailedOutcome {
  const seconds = retryAfterSeconds(answer.headers.get("retry-after"));
  return {
    ok: false,
    failure: { ...failure, ...servedBy(answer), ...(seconds !== undefined && { retry_after_seconds: seconds }) },
    mayHaveArrived: true,
  };
}

/** The first words of a body, without markup: enough to see whose page it is. */
function quote(text: string): string {
  const words = text
    .slice(0, 4096)
    .replace(/<[^<>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (words === "") return "an empty body";
  return words.length > quotedChars ? `"${words.slice(0, quotedChars)}…"` : `"${words}"`;
}
