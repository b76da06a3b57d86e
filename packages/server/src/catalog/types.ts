import type { EngineAssets, ModelSpec } from "../engine/engine.ts";

/** A model version on disk. */
export interface ModelFolder {
  /** Path below its model directory, `/` as separator, as the disk spells it: `cn`, `en/tiny`. */
  readonly id: string;
  /**
   * The id with the model directory in front, as on the wire: `model/cn`. A version that was asked for and is not
   * the newest one is part of it (`model/cn@1`), so that sent back it names the same files.
   */
  readonly modelPath: string;
  /** The whole-number folder, or `1`. */
  readonly version: string;
  /** Real path of the folder that holds the files (a single nested folder is stepped into). Two spellings of one model have the same. */
  readonly directory: string;
}

/** The models on disk. Reads the disk at each call; no call is trusted with a path that leaves the model directories. */
export interface Catalog {
  /** Model directories as they were configured, for messages. */
  readonly modelDirs: readonly string[];
  /**
   * Any spelling of a model path -> the one folder it means (its newest version, or the one after `@`).
   * A folder that is there but holds nothing that looks like a model is given too: `describe` says what it lacks.
   * @throws VoxpoolError `model_path_invalid`, `model_not_found`, `model_folder_empty`
   */
  resolve(modelPath: string): Promise<ModelFolder>;
  /** The versions of a model, newest first; empty if there is no model. @param modelPath without a version */
  versions(modelPath: string): Promise<readonly string[]>;
  /** What a host needs to load it. @throws VoxpoolError `model_unrecognised`, `model_files_invalid` */
  describe(folder: ModelFolder): Promise<ModelSpec>;
  /** What tells whether its files are still the same; empty when they are gone. */
  fingerprint(folder: ModelFolder): Promise<string>;
  /** All models, newest version each, sorted by id. Folders that are no model are left out. */
  list(): Promise<readonly ModelFolder[]>;
}

/** The native parts that models need besides their own files: libvosk, the Silero VAD. */
export interface AssetStore {
  /**
   * The parts that `spec` needs, fetched once where they are missing.
   * @throws VoxpoolError `download_failed`, `download_corrupt`, `platform_unsupported`, `disk_full`
   */
  ensure(spec: ModelSpec, signal?: AbortSignal): Promise<EngineAssets>;
}
