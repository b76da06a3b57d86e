import { type ClientOptions, ModelAPIClient } from "../../packages/client/dist/node.js";
import { type Entrance, headersOf } from "./entrance.ts";
import type { Utterance } from "./models.ts";

/** What a client got. */
export type Outcome =
  | { readonly kind: "text"; readonly text: string }
  /** 429: it was told to come again. */
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly reason: string };

/** A way to ask for a recognition. */
export interface Client {
  readonly name: string;
  readonly weight: number;
  transcribe(modelPath: string, utterance: Utterance): Promise<Outcome>;
}

/** Nothing here takes as long; whoever waits longer is hung. */
export const patienceMs = 120_000;

const wavHeaderBytes = 44;

/** Clients of every kind. Those of the SDK have a name and send again what it allows; the others do neither. */
export function openClients(entrance: Entrance): {
  readonly clients: readonly Client[];
  readonly close: () => Promise<void>;
} {
  const named = ["dictation", "subtitles", "calls"].map((clientId) => sdkOf(entrance, { clientId }));
  const clients: Client[] = named.flatMap((sdk) => [
    { name: "SDK", weight: 2, transcribe: (...request) => bySdk(sdk, ...request) },
    { name: "SDK with events", weight: 1, transcribe: (...request) => bySdkEvents(sdk, ...request) },
  ]);
  clients.push(
    { name: "raw body", weight: 3, transcribe: (...request) => byBody(entrance, "audio/wav", ...request) },
    { name: "samples", weight: 1, transcribe: (...request) => bySamples(entrance, ...request) },
    { name: "multipart", weight: 3, transcribe: (...request) => byForm(entrance, ...request) },
    { name: "server-sent events", weight: 2, transcribe: (...request) => byEvents(entrance, ...request) },
  );
  return { clients, close: async () => void (await Promise.all(named.map((sdk) => sdk.close()))) };
}

/** A client of the SDK. */
export function sdkOf({ url, key }: Entrance, options: ClientOptions = {}): ModelAPIClient {
  return new ModelAPIClient(`${url}/api`, { ...options, ...(key !== undefined && { key }) });
}

async function bySdk(sdk: ModelAPIClient, model_path: string, { wav }: Utterance): Promise<Outcome> {
  const result = await sdk.transcribe(wav, { model_path, timeoutMs: patienceMs });
  return result.success ? { kind: "text", text: result.text } : failed(result.error_code, result.reason);
}

async function bySdkEvents(sdk: ModelAPIClient, model_path: string, { wav }: Utterance): Promise<Outcome> {
  for await (const event of sdk.transcribeEvents(wav, { model_path, timeoutMs: patienceMs })) {
    if (event.type === "done") return { kind: "text", text: event.transcript.text };
    if (event.type === "error") return failed(event.failure.error_code, event.failure.reason);
  }
  return { kind: "failed", reason: "the events ended without a last one" };
}

function byBody(entrance: Entrance, type: string, modelPath: string, { wav }: Utterance): Promise<Outcome> {
  return posted(entrance, { model_path: modelPath }, wav, type);
}

function bySamples(entrance: Entrance, modelPath: string, { wav }: Utterance): Promise<Outcome> {
  return posted(entrance, { model_path: modelPath }, wav.subarray(wavHeaderBytes), "audio/pcm;rate=16000;channels=1");
}

function byForm(entrance: Entrance, modelPath: string, { wav }: Utterance): Promise<Outcome> {
  const form = new FormData();
  form.set("model_path", modelPath);
  form.set("file", new Blob([wav]), "recording.wav");
  return posted(entrance, {}, form);
}

async function byEvents(entrance: Entrance, modelPath: string, { wav }: Utterance): Promise<Outcome> {
  return posted(entrance, { model_path: modelPath, stream: "true" }, wav, "audio/wav");
}

async function posted(
  entrance: Entrance,
  query: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer> | FormData,
  type?: string,
): Promise<Outcome> {
  try {
    const response = await fetch(`${entrance.url}/api/transcribe?${new URLSearchParams(query)}`, {
      method: "POST",
      body,
      headers: { ...headersOf(entrance), ...(type !== undefined && { "content-type": type }) },
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await response.text();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    return isStream ? lastOf(text) : answered(response.status, JSON.parse(text) as Answer);
  } catch (error) {
    return { kind: "failed", reason: explained(error) };
  }
}

interface Answer {
  readonly success: boolean;
  readonly text?: string;
  readonly reason?: string;
}

function answered(status: number, { success, text, reason }: Answer): Outcome {
  return status === 200 && success && text !== undefined ? { kind: "text", text } : failed(status, reason);
}

interface LastEvent {
  readonly type: string;
  readonly transcript?: { readonly text: string };
  readonly reason?: string;
  readonly status?: number;
}

/** The outcome of a stream of events that has ended. */
function lastOf(stream: string): Outcome {
  const data = stream.split("\n").findLast((line) => line.startsWith("data:"));
  const { type, transcript, reason, status } = JSON.parse(data?.slice("data:".length) ?? "{}") as LastEvent;
  if (type === "done" && transcript !== undefined) return { kind: "text", text: transcript.text };
  return failed(status ?? 0, reason ?? "the stream ended without a last event");
}

function failed(status: number, reason = "no reason"): Outcome {
  return status === 429
    ? { kind: "refused" }
    : { kind: "failed", reason: status === 0 ? reason : `${status} ${reason}` };
}

/** `fetch` says no more than "fetch failed"; the cause does. */
export function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : `${error.name}: ${error.message}`;
}
