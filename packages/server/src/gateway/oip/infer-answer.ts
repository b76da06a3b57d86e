import type { Transcript } from "@voxpool/client/contract";
import type { InferRequest } from "./infer-request.ts";

/** The body of an answer, and the headers that say how to read it. */
export interface InferAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A transcript as the output `text`, in JSON or as a binary tensor behind it. */
export function inferAnswer(
  modelName: string,
  { id, isBinary }: Pick<InferRequest, "id" | "isBinary">,
  transcript: Transcript,
): InferAnswer {
  const text = Buffer.from(transcript.text, "utf8");
  const size = { binary_data_size: text.length + 4 };
  const tensor = isBinary ? { parameters: size } : { data: [transcript.text] };
  const json = Buffer.from(
    JSON.stringify({
      model_name: modelName,
      model_version: transcript.model_version,
      ...(id !== undefined && { id }),
      parameters: parametersOf(transcript),
      outputs: [{ name: "text", datatype: "BYTES", shape: [1], ...tensor }],
    }),
    "utf8",
  );
  if (!isBinary) return { headers: { "content-type": "application/json" }, body: json };
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(json.length),
    },
    body: Buffer.concat([json, length, text]),
  };
}

/** What else is known of the recognition; values are plain, as the protocol wants them. */
function parametersOf({ language, duration, served_by: servedBy, warnings }: Transcript) {
  return {
    duration_seconds: duration,
    ...(language !== undefined && { language }),
    ...(servedBy !== undefined && { served_by: servedBy }),
    ...(warnings.length > 0 && { warnings: warnings.map(({ message }) => message).join(" ") }),
  };
}
