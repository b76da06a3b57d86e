import { answerTo, readJson } from "./answer.ts";
import { type CallFailure, ownFailure } from "./failure.ts";
import { type CallScope, openScope } from "./scope.ts";
import type { Transport } from "./transport.ts";

/** A doubt that can be dropped. */
export interface Doubt {
  /** Resolves with a failure if there is no voxpool behind the address; else it stays open. */
  readonly confirmed: Promise<CallFailure>;
  readonly drop: () => void;
}

/** Who asks for its health waits so long. */
const healthMs = 10_000;

/**
 * A server that loads a model for a session says nothing for a long time, and so does one that speaks another protocol.
 * After `patienceMs` without a word the address is asked for its health, which a voxpool tells whatever else it does.
 */
export function doubt(transport: Transport, patienceMs: number, answerMs = healthMs): Doubt {
  const dropped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const confirmed = new Promise<CallFailure>((resolve) => {
    const look = async () => {
      const failure = await problemOf(transport, openScope([dropped.signal], answerMs));
      if (failure !== undefined && !dropped.signal.aborted) resolve(failure);
    };
    timer = setTimeout(() => void look(), patienceMs);
  });
  return {
    confirmed,
    drop: () => {
      clearTimeout(timer);
      dropped.abort();
    },
  };
}

/** Why it is no voxpool; undefined if it is one, or nobody knows. */
async function problemOf(transport: Transport, scope: CallScope): Promise<CallFailure | undefined> {
  const { target: url } = transport;
  const { signal } = scope;
  try {
    const request = { method: "GET", path: "/health", headers: { accept: "application/json" }, signal } as const;
    const answer = await answerTo(transport.send(request), signal);
    const outcome = await readJson<object>(answer, url, signal);
    return !outcome.ok && outcome.failure.reason === "answer_invalid" ? outcome.failure : undefined;
  } catch {
    const detail = "it takes the connection, but does not answer in HTTP; something else may listen there";
    return ownFailure("answer_invalid", { url, detail });
  } finally {
    scope.close();
  }
}
