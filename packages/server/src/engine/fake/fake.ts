import { VoxpoolError } from "../../base/errors.ts";
import type { LoadEngine } from "../engine.ts";

/** Holds the place of the fake engine. @throws VoxpoolError `model_load_failed` */
export const loadFake: LoadEngine = async () => {
  throw new VoxpoolError("model_load_failed", { detail: "the fake engine is not part of this build" });
};
