import { VoxpoolError } from "../base/errors.ts";
import { pathWithVersion } from "../base/versioned-path.ts";
import type { EngineInfo } from "../engine/engine.ts";
import type { InstanceLease, Pool } from "../pool/types.ts";
import type { Scheduler } from "../schedule/schedule.ts";
import { createPoisonMemory, type PoisonMemory } from "./poison.ts";
import { createPunctuator } from "./punctuator.ts";
import { type Leased, RunningSession } from "./session.ts";
import type { OpenSession, PoisonNotice, Recognition, ReplayNotice } from "./types.ts";

export interface RecognitionParts {
  readonly pool: Pick<Pool, "lease">;
  readonly scheduler: Scheduler;
  /** What must not be decoded again; one that starts empty unless given. */
  readonly poison?: PoisonMemory;
  /** A live session that is to go over to another process does so after so long, if no utterance ends before: 30. */
  readonly moveSeconds?: number;
  /** Told of each session that another process took up. */
  readonly onReplay?: (notice: ReplayNotice) => void;
  /** Told of each session that is proven to end processes. */
  readonly onPoison?: (notice: PoisonNotice) => void;
}

/** Opens sessions: leases the model, checks that it can do what is demanded, and hands the samples to its host. */
export function createRecognition(parts: RecognitionParts): Recognition {
  const { pool, scheduler, onReplay, onPoison, poison = createPoisonMemory(), moveSeconds = 30 } = parts;
  return {
    async open(options) {
      const begunAt = performance.now();
      const { client } = options;
      const { lease, folder } = await inSpan(options, () => leaseMeant(pool, options, options.signal));
      try {
        return new RunningSession({
          lease,
          leaseAgain: (served, signal) => leaseMeant(pool, { ...options, folder: served }, signal, lease.info.input),
          scheduler,
          moveSeconds,
          options: { ...options, folder },
          loadSeconds: (performance.now() - begunAt) / 1000,
          poison,
          onReplay: (blame) => onReplay?.({ folder, client, blame }),
          onPoison: (mark) => onPoison?.({ folder, client, mark }),
        });
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    punctuator: (options) => createPunctuator({ pool, scheduler }, options),
  };
}

/** The span of the process: from the wish for it until it is there. */
async function inSpan<T>({ span, folder }: OpenSession, leasing: () => Promise<T>): Promise<T> {
  if (span === undefined) return leasing();
  const host = span.child("host", { "voxpool.model": pathWithVersion(folder) });
  try {
    const leased = await leasing();
    host.end();
    return leased;
  } catch (error) {
    host.end(VoxpoolError.from(error).reason);
    throw error;
  }
}

/** A lease of the model, or where that cannot serve of what was asked for means by then. @throws VoxpoolError as `leaseFor` */
async function leaseMeant(
  pool: Pick<Pool, "lease">,
  options: OpenSession,
  signal: AbortSignal | undefined,
  input?: EngineInfo["input"],
): Promise<Leased> {
  const { folder, meant } = options;
  try {
    return { lease: await leaseFor(pool, options, signal, input), folder };
  } catch (error) {
    const now = signal?.aborted === true ? undefined : await meant?.().catch(() => undefined);
    if (now === undefined || now.directory === folder.directory) throw error;
    return { lease: await leaseFor(pool, { ...options, folder: now }, signal, input), folder: now };
  }
}

/** @throws VoxpoolError of the load; what the model, which may be another one by now, cannot do */
async function leaseFor(
  pool: Pick<Pool, "lease">,
  options: OpenSession,
  signal: AbortSignal | undefined,
  input?: EngineInfo["input"],
): Promise<InstanceLease> {
  const { folder, keepAliveSeconds } = options;
  const wish = { ...(signal && { signal }), ...(keepAliveSeconds !== undefined && { keepAliveSeconds }) };
  const lease = await pool.lease(folder, wish);
  try {
    demand(lease.info, options);
    if (input !== undefined && lease.info.input !== input) throw changed(folder.modelPath);
    return lease;
  } catch (error) {
    lease.release();
    throw error;
  }
}

const changed = (model_path: string) =>
  new VoxpoolError("host_crashed", { model_path, detail: "its files are another model now" });

function demand(info: EngineInfo, { folder, words, language }: OpenSession): void {
  const model_path = folder.modelPath;
  if (info.input === "text") {
    throw new VoxpoolError("capability_missing", { model_path, capability: "recognition of speech" });
  }
  if (words === "demanded" && !info.words)
    throw new VoxpoolError("capability_missing", { model_path, capability: "word times" });
  if (language !== undefined && info.languages.length > 0 && !info.languages.includes(language)) {
    throw new VoxpoolError("language_unsupported", { model_path, language, languages: info.languages.join(", ") });
  }
}
