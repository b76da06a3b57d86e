import { createReadStream } from "node:fs";
import { defaultModelPath, isAbsence } from "../api/default-model.ts";
import { isLoaded } from "../api/models.ts";
import type { Api } from "../api/types.ts";
import { VoxpoolError } from "../base/errors.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { type Check, type PartReport, partIsOk } from "../observe/readiness.ts";
import { refusals } from "../observe/recognition-metrics.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";

export interface CanaryOptions {
  readonly everySeconds: number;
  readonly api: Pick<Api, "transcribe">;
  readonly catalog: Catalog;
  readonly names: Names;
  readonly pool: Pool;
  readonly configuredDefault: string;
  /** A WAV file with speech, 16-bit, 16 kHz. */
  readonly recordingFile: string;
}

/** A canary that takes longer than a whole recognition ever should. */
const patienceMs = 30_000;
const threeSecondsBytes = 44 + 3 * 32_000;

/** Decodes a little with the default model now and then; `check` says how the last one went. */
export interface Canary {
  readonly check: Check;
  close(): void;
}

/** A model that is not loaded is not loaded for this, and a server that is busy is not sick. */
export function startCanary(options: CanaryOptions): Canary {
  const stopping = new AbortController();
  let last = partIsOk;
  let isRunning = false;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    last = await decode(options, AbortSignal.any([stopping.signal, AbortSignal.timeout(patienceMs)]));
    isRunning = false;
  };
  const timer = setInterval(() => void run(), options.everySeconds * 1000).unref();
  return {
    check: () => last,
    close() {
      clearInterval(timer);
      stopping.abort(new VoxpoolError("server_stopping"));
    },
  };
}

async function decode(options: CanaryOptions, signal: AbortSignal): Promise<PartReport> {
  const { api, catalog, names, pool, configuredDefault, recordingFile } = options;
  try {
    const folder = await names.resolve(await defaultModelPath(catalog, configuredDefault));
    const instance = pool.find(folder);
    if (instance === undefined || !isLoaded(instance)) return partIsOk;
    const bytes = createReadStream(recordingFile, { end: threeSecondsBytes });
    const wishes = { model_path: folder.modelPath, failover: false };
    for await (const event of api.transcribe(
      { bytes, options: wishes },
      { client: "canary", language: "en", signal },
    )) {
      if (event.type === "done") return partIsOk;
    }
    return { status: "failed", detail: "the recognition ended without a transcript" };
  } catch (error) {
    if (isAbsence(error)) return partIsOk;
    const { reason, message } = VoxpoolError.from(signal.aborted ? signal.reason : error);
    if (refusals.includes(reason) || reason === "server_stopping") return partIsOk;
    return { status: "failed", detail: reason === "internal" ? "it took longer than 30 seconds, or broke" : message };
  }
}
