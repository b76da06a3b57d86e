import { availableParallelism, tmpdir } from "node:os";
import { VoxpoolError } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { createSpool, type Spool } from "../base/spool.ts";
import type { AudioDecoder } from "./audio.ts";
import { DecodeJob } from "./job.ts";
import { DecodePool } from "./pool.ts";

export interface AudioDecoderOptions {
  /** Threads at most; 0, the default: the cores there are. Each is made when it is first needed. */
  readonly workers?: number;
  /** Where recordings are kept that have to be there whole (MP4); else the system's folder for temporary files. */
  readonly spool?: Pick<Spool, "file">;
  /** A PATH variable: where ffmpeg is looked for; that of this process unless given. */
  readonly path?: string;
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
    ...(options.path !== undefined && { path: options.path }),
  });
  const spool = options.spool ?? createSpool({ directory: tmpdir(), limitBytes: 2 ** 31 });
  const running = new Set<DecodeJob>();
  let closed = false;
  return {
    decode(bytes, decodeOptions) {
      const job = new DecodeJob(bytes, decodeOptions, { pool, spool, running });
      if (closed) job.fail(new VoxpoolError("server_stopping"));
      return { declaredSeconds: () => job.declaredSeconds, samples: job };
    },
    async close() {
      closed = true;
      const jobs = [...running];
      for (const job of jobs) job.fail(new VoxpoolError("server_stopping"));
      await pool.close();
      await Promise.all(jobs.map((job) => job.released()));
    },
  };
}
