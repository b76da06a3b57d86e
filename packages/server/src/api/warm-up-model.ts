import { createReadStream } from "node:fs";
import type { WarmupAnswer, WarmupRequest } from "@voxpool/client/contract";
import { VoxpoolError } from "../base/errors.ts";
import { type ModelParts, resolve } from "./models.ts";
import type { Api, Caller } from "./types.ts";

export interface WarmUpParts extends ModelParts {
  /** A WAV file with speech. */
  readonly recordingFile: string;
}

/** `POST /api/models/warmup`: loads the model if needed and recognises a recording, as a request would. */
export async function warmUpModel(
  parts: WarmUpParts,
  transcribe: Api["transcribe"],
  request: WarmupRequest,
  caller: Caller,
): Promise<WarmupAnswer> {
  const folder = await resolve(parts, request.model_path);
  const { modelPath } = folder;
  const bytes = createReadStream(parts.recordingFile);
  const options = { model_path: modelPath, failover: false };
  for await (const event of transcribe({ bytes, options }, { ...caller, client: `warm-up ${caller.client}` })) {
    if (event.type !== "done") continue;
    const { processing_seconds, text } = event.transcript;
    const message = caller.language === "zh" ? `模型 ${modelPath} 已预热` : `Model ${modelPath} is warm`;
    return { success: true, message, model_path: modelPath, warmup_seconds: processing_seconds, text };
  }
  throw new VoxpoolError("internal");
}
