import { join } from "node:path";
import type { TestContext } from "node:test";
import type { LiveOptions } from "@voxpool/client/contract";
import type { Api, Caller, LiveOutput, LiveSession } from "../../dist/api/types.js";
import { silentLog } from "../../dist/base/log.js";
import { type Config, settings } from "../../dist/base/settings.js";
import { compose, type Parts } from "../../dist/compose/compose.js";
import { scratchDirectory } from "../base/scratch.ts";
import { readEvents } from "../fixtures/heard.ts";
import { type ModelContent, writeModel } from "../server/running.ts";

/** All parts of a server but its port, with models of its own and real hosts. */
export async function composed(
  t: Pick<TestContext, "after">,
  models: Readonly<Record<string, ModelContent>>,
  config: Partial<Config> = {},
): Promise<Parts> {
  const root = scratchDirectory(t);
  const modelDir = join(root, "model");
  for (const [id, content] of Object.entries(models)) writeModel(join(modelDir, id), content);
  const defaults = Object.fromEntries(Object.entries(settings).map(([key, { default: value }]) => [key, value]));
  const stopping = new AbortController();
  const parts = await compose({
    config: {
      ...(defaults as unknown as Config),
      model_dir: [modelDir],
      state_dir: join(root, "state"),
      default_model: join(modelDir, Object.keys(models)[0] ?? "none"),
      "engine.fake": true,
      ...config,
    },
    log: silentLog,
    stateDir: join(root, "state"),
    spoolDirectory: join(root, "spool"),
    signal: stopping.signal,
  });
  t.after(async () => {
    stopping.abort();
    await parts.close();
  });
  return parts;
}

export const caller: Caller = { client: "somebody", language: "en", signal: new AbortController().signal };

/** Opens a session with a model by its id. */
export async function openWith({ api, configuredDefault }: Parts, id: string, options: LiveOptions = {}) {
  return api.openLive({ options: { model_path: join(configuredDefault, "..", id), ...options } }, caller);
}

/** Reads all events; `until` resolves when one came that fits. */
export function listen(session: LiveSession) {
  const heard = readEvents(session.events());
  heard.finished.catch(() => undefined); // who waits for it is told
  return heard;
}

export const textsOf = (events: readonly LiveOutput[]) =>
  events.flatMap((event) => (event.type === "final" ? [event.segment.text] : []));

export const typesOf = (events: readonly LiveOutput[]) => events.map(({ type }) => type);

/** Samples in [-1, 1] as 16-bit integers. */
export function s16le(samples: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(samples.length * 2));
  for (const [at, sample] of samples.entries()) bytes.setInt16(at * 2, Math.round(sample * 32_767), true);
  return new Uint8Array(bytes.buffer);
}

export type { Api };
