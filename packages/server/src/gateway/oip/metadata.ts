import type { AvailableModel } from "@voxpool/client/contract";

/** `GET /v2`. */
export function serverMetadata(version: string) {
  return {
    name: "voxpool",
    version,
    extensions: ["binary_tensor_data", "model_repository", "model_configuration", "statistics", "parameters"],
  };
}

/** `GET /v2/models/{m}`. @param name as the caller wrote it */
export function modelMetadata(name: string, model: AvailableModel) {
  return {
    name,
    versions: model.versions,
    platform: platformOf(model),
    inputs: [{ name: "audio", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "text", datatype: "BYTES", shape: [1] }],
  };
}

/** `GET /v2/models/{m}/config`. @param name as the caller wrote it */
export function modelConfig(name: string, model: AvailableModel) {
  return {
    name,
    platform: platformOf(model),
    backend: "voxpool",
    max_batch_size: 0,
    input: [{ name: "audio", data_type: "TYPE_FP32", dims: [-1] }],
    output: [{ name: "text", data_type: "TYPE_STRING", dims: [1] }],
  };
}

/** Engine and family, `voxpool_vosk_kaldi`. */
function platformOf({ engine, family }: AvailableModel): string {
  return ["voxpool", engine, family].filter((part) => part !== undefined && part !== "").join("_");
}
