import { setTimeout as pause } from "node:timers/promises";
import type { CallFailure, ModelAPIClient } from "@voxpool/client";

/** Whether the server can be reached, for all recordings of a run together. */
export interface ServerLink {
  /** Whether a call failed because the server was away, or about to go. */
  isLoss(failure: CallFailure): boolean;
  /** Waits until the server answers; false if it stays away. Whoever asks meanwhile waits for the same. */
  isBack(): Promise<boolean>;
  /** Whether it stayed away: all other recordings would meet the same. */
  isGone(): boolean;
  /** Takes in what a call came to: a server that never answered is not waited for. */
  note(result: Noted): void;
}

/** Of a result what tells whether a server was there. */
export type Noted =
  | { readonly success: true }
  | { readonly success: false; readonly error_code: number; readonly reason: string };

export interface ServerLinkOptions {
  readonly client: Pick<ModelAPIClient, "checkHealth">;
  /** How long the server may stay away. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
  /** Told once for each time that the server is away. */
  readonly onLost: () => void;
}

const losses: ReadonlySet<string> = new Set(["server_unreachable", "connection_lost", "server_stopping", "not_ready"]);
const firstPauseMs = 250;
const longestPauseMs = 5000;

export function createServerLink(options: ServerLinkOptions): ServerLink {
  let waiting: Promise<boolean> | undefined;
  let hasAnswered = false;
  let isGone = false;
  const wait = async (): Promise<boolean> => {
    const isBack = hasAnswered && options.waitSeconds > 0 && (await waitFor(options));
    isGone ||= !isBack;
    waiting = undefined;
    return isBack;
  };
  return {
    isLoss: ({ reason }) => losses.has(reason),
    isBack() {
      waiting ??= wait();
      return waiting;
    },
    isGone: () => isGone,
    note(result) {
      // Without a status there was no answer: the file could not be read, say. Only what was lost had begun.
      hasAnswered ||= result.success || result.error_code !== 0 || result.reason === "connection_lost";
    },
  };
}

async function waitFor({ client, waitSeconds, signal, onLost }: ServerLinkOptions): Promise<boolean> {
  const endMs = performance.now() + waitSeconds * 1000;
  for (let pauseMs = firstPauseMs, attempt = 0; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const health = await client.checkHealth({ timeoutMs: Math.max(1000, endMs - performance.now()) });
    if (health.success) return true;
    // A server that answers is there, whatever it says of itself (a key may be missing).
    if (!losses.has(health.reason) && health.reason !== "request_timeout") return true;
    if (performance.now() + pauseMs > endMs) return false;
    if (attempt++ === 0) onLost();
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
