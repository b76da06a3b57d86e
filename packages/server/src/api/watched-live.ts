import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { Api, Caller, RecognitionOutcome } from "./types.ts";

export interface WatchedLiveParts {
  readonly log: Pick<Log, "info">;
  /** Told of each session when it has opened, and when it is over. */
  readonly onLive?: (change: 1 | -1) => void;
  /** Told why a session could not be opened. */
  readonly onLiveRefused?: (reason: VoxpoolError["reason"]) => void;
}

/** Live sessions with one line at their end, or where they could not begin; whatever protocol carries them. */
export function watchedLive(
  openLive: Api["openLive"],
  { log, onLive, onLiveRefused }: WatchedLiveParts,
): Api["openLive"] {
  return async (request, caller) => {
    const beganAt = performance.now();
    const tell = (fields: object): void => {
      log.info({ ...whoIs(caller), ms: rounded(performance.now() - beganAt), ...fields }, "live session");
    };
    const onOutcome = (outcome: RecognitionOutcome): void => {
      onLive?.(-1);
      tell(costOf(outcome));
      caller.onOutcome?.(outcome);
    };
    try {
      const session = await openLive(request, { ...caller, onOutcome });
      onLive?.(1);
      return session;
    } catch (error) {
      const { reason } = VoxpoolError.from(error);
      onLiveRefused?.(reason);
      tell(endOf(reason));
      throw error;
    }
  };
}

function whoIs({ client, kind, keyName, requestId }: Caller): object {
  return {
    ...(requestId !== undefined && { id: requestId }),
    [kind === "client" ? "client" : "address"]: client,
    ...(keyName !== undefined && { key: keyName }),
  };
}

function costOf({ folder, audioSeconds, queueSeconds, decodeSeconds, live, reason }: RecognitionOutcome): object {
  return {
    ...endOf(reason),
    model: pathWithVersion(folder),
    queue_ms: rounded(queueSeconds * 1000),
    decode_ms: rounded(decodeSeconds * 1000),
    audio_seconds: rounded(audioSeconds),
    dropped_partials: live?.droppedPartials ?? 0,
  };
}

function endOf(reason: VoxpoolError["reason"] | undefined): object {
  if (reason === undefined) return { outcome: "ok" };
  return { outcome: reason === "request_cancelled" ? "cancelled" : "failed", reason };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
