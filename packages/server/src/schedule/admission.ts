import { VoxpoolError } from "../base/errors.ts";
import { Caution } from "./caution.ts";
import { type Foresight, foresee, type Limits, type Work } from "./foresight.ts";
import { type Promised, Promises } from "./promises.ts";
import type { Scheduler } from "./schedule.ts";
import { UsualLength } from "./usual-length.ts";

export interface Asking {
  readonly client: string;
  /** The instance that will decode; undefined while the model is not loaded. */
  readonly host: string | undefined;
  /** Length of the recording, all channels together; undefined if it does not say. */
  readonly audioSeconds: number | undefined;
}

export interface TicketProgress {
  readonly host?: string | undefined;
  /** Audio that has arrived so far, all channels together. */
  readonly arrivedSeconds?: number;
  /** No more audio comes. */
  readonly isWhole?: boolean;
  /** Audio that is recognised. */
  readonly doneSeconds?: number;
}

/** A recognition that was admitted. */
export interface Ticket {
  /** What is known by now; what is left out stays. */
  progress(known: TicketProgress): void;
  /** It is over. Safe to call twice. */
  release(): void;
}

export interface Admission {
  /** @throws VoxpoolError `over_capacity`, `too_many_sessions`, `client_sessions_full`, each with `retry_after_seconds` */
  admit(asking: Asking): Ticket;
}

export interface AdmissionOptions extends Limits {
  readonly scheduler: Pick<Scheduler, "realTimeFactor">;
  /** Seconds of a clock that never goes back. */
  readonly now?: () => number;
}

interface Admitted {
  readonly client: string;
  host: string;
  /** When its first audio came. */
  begunAt: number | undefined;
  /** What the recording says of its length, or what is usual. */
  readonly expectedSeconds: number;
  arrivedSeconds: number;
  doneSeconds: number;
  isWhole: boolean;
}

/** Of a model that has not decoded anything yet: that of the faster families, since nobody should be refused by a guess. */
const unmeasuredFactor = 0.05;
/** Who comes as told is let in although others came between, up to so many times the longest wait and so much more. */
const patienceFactor = 2;
const patienceSeconds = 10;
/** A place is kept for this long after the promised time, and for a part of the wait: those who wait long come less exactly. */
const graceSeconds = 5;
const graceFactor = 0.1;

/** The share of one client in the places for recognitions, where the configuration leaves it open. */
export function usualShareOf(maxSessions: number): number {
  return Math.ceil((maxSessions * 3) / 4);
}

/** After so long it is known how fast a recording comes. */
const settlingSeconds = 5;

const monotonicSeconds = () => performance.now() / 1000;

/**
 * Decides who may begin. Everyone waits for its own work and its fair part of the others', so a client with a long
 * queue is refused by its own queue while all others come in. Who is refused is told when to come, and its place is
 * kept for then: later ones are told later times.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { scheduler, now = monotonicSeconds } = options;
  const admitted = new Set<Admitted>();
  const promises = new Promises();
  const usual = new UsualLength();
  const factorOf = (host: string) => scheduler.realTimeFactor(host) ?? unmeasuredFactor;
  const running = () => Array.from(admitted, (one) => toWork(one, factorOf(one.host), now()));
  const promised = () => Array.from(promises.all(), (one) => toPromisedWork(one, factorOf(one.host)));
  const caution = new Caution();

  const promise = (one: Omit<Promised, "at" | "until">, seconds: number): number => {
    const waitSeconds = Math.ceil(Math.max(1, seconds * caution.factor));
    const at = now() + waitSeconds;
    promises.add({ ...one, at, until: at + graceSeconds + waitSeconds * graceFactor });
    return waitSeconds;
  };

  /** By what is under way and promised, but for those whose time has come, and where there is room in plenty. */
  const look = (client: string, due: Promised | undefined): Foresight => {
    const begun = running();
    if (due !== undefined) {
      const found = foresee(begun, client, patient(options));
      caution.learn(found.obstacle === undefined);
      if (found.obstacle === undefined) return found;
    }
    const plenty = foresee(begun, client, plentyOf(options));
    if (plenty.obstacle === undefined) return plenty;
    // Who asks without end is not worth the reckoning.
    const last = promises.lastIfFull(client);
    if (last !== undefined) return { ...plenty, freeInSeconds: last - now() };
    return foresee([...begun, ...promised()], client, options);
  };

  return {
    admit({ client, host = "", audioSeconds }) {
      promises.expire(now());
      const saidSeconds = Number.isFinite(audioSeconds) ? audioSeconds : undefined;
      const expectedSeconds = saidSeconds ?? usual.secondsOf(client);
      const found = look(client, promises.take(client, saidSeconds, now()));
      if (found.obstacle !== undefined) {
        const retryAfterSeconds = promise({ client, host, saidSeconds, expectedSeconds }, found.freeInSeconds);
        throw refusal(found, client, options, retryAfterSeconds);
      }
      const one = newcomer(client, host, expectedSeconds);
      admitted.add(one);
      return ticketOf(one, now, () => {
        if (admitted.delete(one) && one.isWhole) usual.learn(client, one.arrivedSeconds);
      });
    },
  };
}

function patient(limits: Limits): Limits {
  const { maxWaitSeconds } = limits;
  return { ...limits, maxWaitSeconds: maxWaitSeconds && maxWaitSeconds * patienceFactor + patienceSeconds };
}

/** While so little is under way, the places that are kept are not worth an idle core. */
function plentyOf({ cores, maxWaitSeconds, maxSessions, maxSessionsPerClient }: Limits): Limits {
  return {
    cores,
    maxWaitSeconds: maxWaitSeconds / 4,
    maxSessions: Math.ceil(maxSessions / 2),
    maxSessionsPerClient: Math.ceil(maxSessionsPerClient / 2),
  };
}

function newcomer(client: string, host: string, expectedSeconds: number): Admitted {
  return { client, host, expectedSeconds, begunAt: undefined, arrivedSeconds: 0, doneSeconds: 0, isWhole: false };
}

function ticketOf(one: Admitted, now: () => number, release: () => void): Ticket {
  return {
    progress(known) {
      if (known.arrivedSeconds !== undefined) one.begunAt ??= now();
      one.host = known.host ?? one.host;
      one.arrivedSeconds = Math.max(one.arrivedSeconds, known.arrivedSeconds ?? 0);
      one.doneSeconds = Math.max(one.doneSeconds, known.doneSeconds ?? 0);
      one.isWhole ||= known.isWhole ?? false;
    },
    release,
  };
}

function toWork(one: Admitted, factor: number, now: number): Work {
  const { client, expectedSeconds, arrivedSeconds, doneSeconds, isWhole } = one;
  const wholeSeconds = isWhole ? arrivedSeconds : Math.max(arrivedSeconds, expectedSeconds);
  const leftSeconds = wholeSeconds - doneSeconds;
  // At first all of it may come at once; an upload that drips, or is spoken, never has much here.
  const isSettled = one.begunAt !== undefined && now - one.begunAt > settlingSeconds;
  return { client, factor, leftSeconds, ...(isSettled && { hereSeconds: arrivedSeconds - doneSeconds }) };
}

function toPromisedWork({ client, expectedSeconds }: Promised, factor: number): Work {
  return { client, factor, leftSeconds: expectedSeconds, isPromised: true };
}

function refusal(
  { obstacle, waitSeconds }: Foresight,
  client: string,
  { maxWaitSeconds, maxSessions, maxSessionsPerClient }: Limits,
  retry_after_seconds: number,
): VoxpoolError {
  if (obstacle === "sessions") {
    return new VoxpoolError("too_many_sessions", {
      limit: maxSessions,
      setting: "limits.sessions",
      retry_after_seconds,
    });
  }
  if (obstacle === "client_sessions") {
    const setting = "limits.sessions_per_client";
    return new VoxpoolError("client_sessions_full", {
      client,
      limit: maxSessionsPerClient,
      setting,
      retry_after_seconds,
    });
  }
  return new VoxpoolError("over_capacity", {
    wait_seconds: Math.ceil(waitSeconds),
    limit_seconds: maxWaitSeconds,
    setting: "limits.queue_seconds",
    retry_after_seconds,
  });
}
