import { availableParallelism } from "node:os";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import type { AudioDecoder } from "./audio.ts";
import { DecodeJob } from "./job.ts";
import { DecodePool } from "./pool.ts";

export interface AudioDecoderOptions {
  /** Threads at most; 0, the default: the cores there are. Each is made when it is first needed. */
  readonly workers?: number;
  readonly log?: Log;
  /** A piece of a recording (a second of sound or so) that takes a thread longer is `audio_invalid`. */
  readonly stepTimeoutMs?: number;
  /** What the threads run. */
  readonly workerFile?: URL;
}

/**
 * Decodes recordings in worker threads that all of them share; untrusted bytes are read nowhere else. Threads
 * that have nothing to do keep no process alive.
 */
export function createAudioDecoder(options: AudioDecoderOptions = {}): AudioDecoder {
  const pool = new DecodePool(options.workers || availableParallelism(), {
    file: options.workerFile ?? new URL("./worker.js", import.meta.url),
    stepTimeoutMs: options.stepTimeoutMs ?? 10_000,
    log: options.log ?? silentLog,
  });
  const running = new Set<DecodeJob>();
  let closed = false;
  return {
    decode(bytes, decodeOptions) {
      const job = new DecodeJob(bytes, decodeOptions, pool, running);
      if (closed) job.fail(new VoxpoolError("server_stopping"));
      return { declaredSeconds: () => job.declaredSeconds, samples: job };
    },
    async close() {
      closed = true;
      for (const job of running) job.fail(new VoxpoolError("server_stopping"));
      await pool.close();
    },
  };
}
