import type { PullAnswer, PullEvent, PullRequest } from "@voxpool/client/contract";
import type { MessageLanguage } from "../base/errors.ts";
import { raceAbort } from "../base/race-abort.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { PullEvent as Progress } from "../catalog/download.ts";
import type { Known } from "../catalog/known-models.ts";
import { unknownName } from "../catalog/unknown-name.ts";
import { ifThere } from "./default-model.ts";
import type { Caller } from "./types.ts";

export interface PullParts {
  readonly catalog: Catalog;
  /** Models that can be fetched by name. */
  readonly known: readonly Known[];
  /** Parts that are no models and can be fetched, too. */
  readonly partNames: readonly string[];
  /** Fetches one of the names, unless it is there. */
  readonly pull: (name: string, onProgress: (event: Progress) => void) => Promise<{ readonly alreadyThere: boolean }>;
}

/** Progress is told when so many bytes more have come, or so large a share. */
const stepBytes = 1_000_000;
const steps = 200;

/**
 * `POST /api/models/pull`: `progress` events, then one `done`. Pulls of one name at the same time are one, and it goes
 * on when its callers leave: what has come is not lost, and others may wait for it.
 */
export function createPulls(parts: PullParts) {
  const running = new Map<string, Running>();
  const start = (name: string): Running => {
    const pulling = new Running((onProgress) => parts.pull(name, onProgress));
    running.set(name, pulling);
    void pulling.ended.then(() => running.delete(name));
    return pulling;
  };
  return async function* pullModel(
    { name }: PullRequest,
    { language, signal }: Pick<Caller, "language" | "signal">,
  ): AsyncGenerator<PullEvent, void> {
    const names = [...parts.known.map((model) => model.name), ...parts.partNames];
    if (!names.includes(name)) throw unknownName(name, names);
    const pulling = running.get(name) ?? start(name);
    for await (const event of pulling.follow(signal)) yield toWire(event);
    const { alreadyThere } = await pulling.result;
    const folder = parts.partNames.includes(name) ? undefined : await ifThere(parts.catalog.resolve(name));
    yield { type: "done", answer: toAnswer(name, alreadyThere, folder?.modelPath, language) };
  };
}

/** One pull, and whoever follows it. */
class Running {
  readonly result: Promise<{ readonly alreadyThere: boolean }>;
  /** Resolves when it is over, however it ended. */
  readonly ended: Promise<void>;
  #last: Progress | undefined;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(pull: (onProgress: (event: Progress) => void) => ReturnType<PullParts["pull"]>) {
    this.result = pull((event) => this.#tell(event));
    const over = (): void => {
      this.#isOver = true;
      this.#changed.resolve();
    };
    this.ended = this.result.then(over, over);
  }

  /** What happens from now on until the end; whoever is slow misses what is not news any more. @throws the signal's reason */
  async *follow(signal: AbortSignal): AsyncGenerator<Progress> {
    let shown: Progress | undefined;
    for (;;) {
      signal.throwIfAborted();
      const event = this.#last;
      if (event !== undefined && isNews(event, shown)) {
        shown = event;
        yield event;
      } else if (this.#isOver) return;
      else await raceAbort(this.#changed.promise, signal);
    }
  }

  #tell(event: Progress): void {
    this.#last = event;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function isNews(event: Progress, shown: Progress | undefined): boolean {
  if (shown === undefined || event.phase !== shown.phase || event.file !== shown.file) return true;
  const step = Math.max(stepBytes, (event.totalBytes ?? 0) / steps);
  const isLast = event.receivedBytes === event.totalBytes && shown.receivedBytes !== event.receivedBytes;
  return isLast || event.receivedBytes < shown.receivedBytes || event.receivedBytes - shown.receivedBytes >= step;
}

function toWire({ phase, file, receivedBytes, totalBytes }: Progress): PullEvent {
  return {
    type: "progress",
    phase,
    file,
    received_bytes: receivedBytes,
    ...(totalBytes !== undefined && { total_bytes: totalBytes }),
  };
}

function toAnswer(
  name: string,
  alreadyThere: boolean,
  modelPath: string | undefined,
  language: MessageLanguage,
): PullAnswer {
  const [there, fetched] =
    language === "zh" ? [`${name} 已存在`, `已下载 ${name}`] : [`${name} is there already`, `${name} is fetched`];
  return {
    success: true,
    message: alreadyThere ? there : fetched,
    name,
    already_there: alreadyThere,
    ...(modelPath !== undefined && { model_path: modelPath }),
  };
}
