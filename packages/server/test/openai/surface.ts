import OpenAI, { type ClientOptions } from "openai";

/** A client of OpenAI's SDK. No retries: a test sees each answer. */
export function openAiClient(url: string, options: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0, ...options });
}

/** A recording as browsers and scripts send it. */
export const recordingFile = (bytes: Uint8Array<ArrayBuffer>, name = "a.wav", type = "audio/wav"): File =>
  new File([bytes], name, { type });
