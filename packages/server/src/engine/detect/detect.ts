import { VoxpoolError } from "../../base/errors.ts";
import type { ModelSpec } from "../engine.ts";

/**
 * What a folder holds.
 * @throws VoxpoolError `model_unrecognised`, `model_files_invalid`
 */
export function detect(directory: string, _options: { readonly fakeEngine?: boolean } = {}): Promise<ModelSpec> {
  return Promise.reject(
    new VoxpoolError("model_unrecognised", { model_path: directory, detail: "no family is known here" }),
  );
}
