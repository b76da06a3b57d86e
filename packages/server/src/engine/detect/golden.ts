import { inspect } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { readManifest } from "./manifest.ts";

/** A recording that a model has to recognise before it takes over from another version. */
export interface GoldenRecording {
  /** As the manifest names it. */
  readonly name: string;
  /** Real path, inside the folder. */
  readonly file: string;
  /** What is said in it. */
  readonly text: string;
  /** The most errors that pass, as a share of the words; of Chinese, of the characters. */
  readonly wordErrorRate: number;
  /** The slowest that passes: decode seconds for each second of audio; undefined: any. */
  readonly realTimeFactor?: number;
}

/** Passes unless the manifest says another limit. */
const defaultWordErrorRate = 0.1;

/**
 * The golden recordings that the manifest of a folder names; none without a manifest.
 * @param directory real path of the folder
 * @throws VoxpoolError `model_files_invalid` that names the field, or the recording that is not there
 */
export async function readGolden(directory: string): Promise<readonly GoldenRecording[]> {
  const { golden = [] } = await readManifest(directory);
  return Promise.all(
    golden.map(async ({ file: name, text, word_error_rate, real_time_factor }) => {
      const { path, problem } = await inspect(directory, name);
      if (problem !== undefined) throw invalidFile(name, problem);
      return {
        name,
        file: path,
        text,
        wordErrorRate: word_error_rate ?? defaultWordErrorRate,
        ...(real_time_factor !== undefined && { realTimeFactor: real_time_factor }),
      };
    }),
  );
}
