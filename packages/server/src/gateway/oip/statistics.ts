import type { ModelStats, StatsWindow } from "@voxpool/client/contract";

/** The statistics of one model version, as `…/stats` tells them. @param name as the caller knows the model */
export function modelStatistics(name: string, stats: ModelStats) {
  const { life, version = "1" } = stats;
  const succeeded = life.requests - life.errors;
  return {
    name,
    version,
    last_inference: Math.round((stats.last_recognition_at ?? 0) * 1000),
    inference_count: succeeded,
    execution_count: succeeded,
    inference_stats: {
      success: durations(succeeded, life.total_seconds.mean),
      fail: durations(life.errors, 0),
      ...stages(life),
    },
    batch_stats: [],
  };
}

/** What is not measured by itself, reading audio and writing the answer, counts with no time. */
function stages({ queue_seconds: queue, decode_seconds: decode }: StatsWindow) {
  return {
    queue: durations(queue.count, queue.mean),
    compute_input: durations(decode.count, 0),
    compute_infer: durations(decode.count, decode.mean),
    compute_output: durations(decode.count, 0),
  };
}

/** The protocol counts nanoseconds, in all requests together. */
function durations(count: number, meanSeconds: number): { readonly count: number; readonly ns: number } {
  return { count, ns: Math.round(count * meanSeconds * 1e9) };
}
