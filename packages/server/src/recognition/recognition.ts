import { VoxpoolError } from "../base/errors.ts";
import type { EngineInfo } from "../engine/engine.ts";
import type { InstanceLease, Pool } from "../pool/types.ts";
import type { Scheduler } from "../schedule/schedule.ts";
import { createPunctuator } from "./punctuator.ts";
import { RunningSession } from "./session.ts";
import type { OpenSession, Recognition } from "./types.ts";

export interface RecognitionParts {
  readonly pool: Pick<Pool, "lease">;
  readonly scheduler: Scheduler;
}

/** Opens sessions: leases the model, checks that it can do what is demanded, and hands the samples to its host. */
export function createRecognition({ pool, scheduler }: RecognitionParts): Recognition {
  return {
    async open(options) {
      const begunAt = performance.now();
      const { folder, signal, keepAliveSeconds } = options;
      const wish = { ...(signal && { signal }), ...(keepAliveSeconds !== undefined && { keepAliveSeconds }) };
      const lease = await pool.lease(folder, wish);
      try {
        demand(lease.info, options);
        const loadSeconds = (performance.now() - begunAt) / 1000;
        return new RunningSession({ lease, scheduler, options, loadSeconds, host: openHost(lease, options) });
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    punctuator: (options) => createPunctuator({ pool, scheduler }, options),
  };
}

function openHost(lease: InstanceLease, { words, language, vad, itn }: OpenSession) {
  return lease.open({
    words: words !== "no",
    ...(language !== undefined && { language }),
    ...(vad !== undefined && { vad }),
    ...(itn !== undefined && { itn }),
  });
}

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
