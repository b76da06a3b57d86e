import { VoxpoolError } from "../../base/errors.ts";
import type { LoadEngine } from "../engine.ts";

/** Holds the place of the vosk engine. @throws VoxpoolError `model_load_failed` */
export const loadVosk: LoadEngine = async () => {
  throw new VoxpoolError("model_load_failed", { detail: "the vosk engine is not part of this build" });
};
