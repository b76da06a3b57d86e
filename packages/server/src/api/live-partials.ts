import { VoxpoolError } from "../base/errors.ts";
import type { EngineInfo } from "../engine/engine.ts";
import { TwoPassSession } from "../recognition/two-pass.ts";
import type { OpenSession, Session } from "../recognition/types.ts";
import { type ChooseParts, chooseModel } from "./choose-model.ts";
import type { FileChanges } from "./file-changes.ts";
import type { ForcedAway } from "./forced-away.ts";
import type { Caller, LiveRequest } from "./types.ts";

export interface FastModelParts extends ChooseParts {
  readonly recognition: { open(options: OpenSession): Promise<Session> };
  readonly changes: FileChanges;
  readonly forcedAway: ForcedAway;
}

/** What the session that gives the finals was asked for, as far as it is for the partials too. */
export type FastWishes = Pick<
  OpenSession,
  "live" | "language" | "hotwords" | "grammar" | "isVerbatim" | "keepAliveSeconds" | "itn"
>;

/** Who has its own model ready waits so long for the fast one. */
const mostWaitMs = 5_000;

/** Which model gives the partials of a session; undefined: its own. Pure. @param configured `live.partials_model` */
export function fastModelOf({ options, wantsStable }: LiveRequest, configured: string): string | undefined {
  const { partials = true, partials_model = configured } = options;
  return partials && wantsStable !== true && partials_model !== "" ? partials_model : undefined;
}

/** A model that gives partials beside the one that gives finals. Whatever becomes of it, the session goes on. */
export class FastModel {
  readonly #parts: FastModelParts;
  readonly #modelPath: string;
  readonly #isVerbatim: boolean;
  readonly #gone = new AbortController();
  readonly #opening: Promise<void>;
  #session: Session | undefined;
  #isJoined = false;
  #failure: VoxpoolError | undefined;
  #onFailure: (error: VoxpoolError) => void = () => undefined;

  /** Begins to open it. */
  constructor(parts: FastModelParts, modelPath: string, wishes: FastWishes, caller: Caller) {
    this.#parts = parts;
    this.#modelPath = modelPath;
    this.#isVerbatim = wishes.isVerbatim === true;
    this.#opening = this.#open(modelPath, wishes, caller);
  }

  /** Why it gives no partials, or no more. */
  get failure(): VoxpoolError | undefined {
    return this.#failure;
  }

  /** Calls it when there is one; at once if there is one already. */
  onFailure(listener: (error: VoxpoolError) => void): void {
    this.#onFailure = listener;
    if (this.#failure) listener(this.#failure);
  }

  /** The session that gives the partials, or gave them. */
  get session(): Session | undefined {
    return this.#isJoined ? this.#session : undefined;
  }

  /** The path of the model while it gives them. */
  get modelPath(): string | undefined {
    return this.#failure ? undefined : this.session?.folder.modelPath;
  }

  /** Both sessions as one, where this one is there in time and fits; else the other alone. */
  async join(main: Session, language: string | undefined): Promise<Session> {
    await this.#inTime();
    const fast = this.#session;
    if (fast === undefined || this.#failure) return main;
    if (fast.folder.directory === main.folder.directory) {
      this.leave();
      return main;
    }
    const languages = language === undefined ? main.info.languages : [language];
    if (!sharesLanguage(languages, fast.info)) {
      const details = { model_path: fast.folder.modelPath, language: languages.join(", ") };
      this.#fail(new VoxpoolError("language_unsupported", { ...details, languages: fast.info.languages.join(", ") }));
      return main;
    }
    this.#isJoined = true;
    this.#parts.forcedAway.tell(fast, (error) => fast.cancel(error));
    return new TwoPassSession({ main, fast, isVerbatim: this.#isVerbatim, onLost: (error) => this.#fail(error) });
  }

  /** It is not needed any more. Safe to call twice. */
  leave(): void {
    this.#gone.abort(new VoxpoolError("request_cancelled"));
    if (this.#session === undefined) return;
    this.#parts.forcedAway.forget(this.#session);
    this.#session.cancel();
  }

  async #open(modelPath: string, wishes: FastWishes, { client, kind = "address", signal }: Caller): Promise<void> {
    const { names, pool, changes, recognition, forcedAway } = this.#parts;
    try {
      const meant = async () => (await chooseModel(this.#parts, { modelPath })).folder;
      const folder = await meant();
      pool.touch(folder, { client, kind });
      changes.glance(pool.find(folder));
      const session = await recognition.open({
        ...wishes,
        folder,
        client,
        meant,
        onMeaning: (listener) => names.subscribe(listener),
        words: "no",
        priority: "live_partial", // all of it: no final waits for it
        isPartialsOnly: true,
        signal: AbortSignal.any([signal, this.#gone.signal]),
      });
      if (this.#gone.signal.aborted) return session.cancel();
      this.#session = session;
      forcedAway.watch(session);
    } catch (error) {
      this.#fail(VoxpoolError.from(error));
    }
  }

  async #inTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mostWaitMs);
    });
    await Promise.race([this.#opening, late]);
    clearTimeout(timer);
    // The load goes on, and the next session has it.
    if (this.#session === undefined) this.#fail(new VoxpoolError("model_loading", { model_path: this.#modelPath }));
  }

  #fail(error: VoxpoolError): void {
    if (this.#failure || this.#gone.signal.aborted) return;
    this.#failure = error;
    this.leave();
    this.#onFailure(error);
  }
}

/** Models that say nothing of their languages may know any. */
const sharesLanguage = (wanted: readonly string[], { languages }: EngineInfo): boolean =>
  wanted.length === 0 || languages.length === 0 || wanted.some((language) => languages.includes(language));
