import { hasType, readJson } from "./answer.ts";
import { type CallContext, type CallOptions, exchange, networkFailure, scopeFailure, scopeOf } from "./call.ts";
import type { PullAnswer } from "./contract/catalog.ts";
import { type PullProgress, readPullEvent, wireEvents } from "./events.ts";
import { type CallFailure, type Served, servedBy } from "./failure.ts";
import { withRetries } from "./retry.ts";

export interface PullOptions extends CallOptions {
  /** Called as the download comes along; awaited. What it throws ends the call, and `pullModel` rejects with it. */
  readonly onEvent?: (event: PullProgress) => unknown;
}

/** A streamed answer, and who gives it. */
interface Streamed {
  readonly events: AsyncIterable<NonNullable<ReturnType<typeof readPullEvent>>>;
  readonly by: ReturnType<typeof servedBy>;
}

/** Has the server fetch a model. @throws TypeError on misuse */
export async function pullModel(
  context: CallContext,
  name: string,
  options: PullOptions,
): Promise<Served<PullAnswer> | CallFailure> {
  const { transport, retry } = context;
  const { target } = transport;
  const { onEvent } = options;
  if (onEvent !== undefined && typeof onEvent !== "function") throw new TypeError("onEvent must be a function");
  const scope = scopeOf(context, options, Infinity);
  const explain = (error: unknown) => scopeFailure(scope) ?? networkFailure(error, target);
  const request = {
    method: "POST",
    path: "/models/pull",
    headers: { accept: "text/event-stream, application/json", "content-type": "application/json" },
    body: JSON.stringify({ name, stream: onEvent !== undefined }),
  } as const;
  try {
    const attempt = () =>
      exchange<Served<PullAnswer> | Streamed>(transport, request, scope, async (answer) => {
        if (answer.body === null || answer.status >= 400 || !hasType(answer, "text/event-stream")) {
          return readJson<Served<PullAnswer>>(answer, target, scope.signal);
        }
        const events = wireEvents(answer.body, target, scope.signal, explain, readPullEvent);
        return { ok: true, value: { events, by: servedBy(answer) } };
      });
    const outcome = await withRetries(attempt, "always", retry, scope);
    if (!outcome.ok) return outcome.failure;
    return "success" in outcome.value ? outcome.value : await lastOf(outcome.value, onEvent);
  } finally {
    scope.close();
  }
}

async function lastOf(
  { events, by }: Streamed,
  onEvent: PullOptions["onEvent"],
): Promise<Served<PullAnswer> | CallFailure> {
  for await (const event of events) {
    if (event.type === "done") return { ...event.answer, ...by };
    if (event.type === "error") return { ...event.failure, ...by };
    await onEvent?.(event);
  }
  throw new Error("unreachable: the events end with done or error");
}
