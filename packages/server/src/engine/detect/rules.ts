import type { ModelSpec } from "../engine.ts";
import { type FolderFile, inspect } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { fstProblem } from "./kaldi.ts";
import type { Manifest } from "./manifest.ts";
import { withReader } from "./reader.ts";

/** What these rules are published as; other transducers in a folder have other uses (`replace.fst`, `HCLG.fst`). */
const ruleName = /^itn[^/]*\.fst$/i;

const headBytes = 4096;

/**
 * The rules that write numbers in figures: those of the manifest (`rule_fsts`), else `itn*.fst` by their names.
 * @param folder absolute and real
 * @returns absolute paths
 * @throws VoxpoolError `model_files_invalid`
 */
export async function findRules(
  folder: string,
  manifest: Manifest,
  files: readonly FolderFile[],
): Promise<readonly string[]> {
  const named = manifest.rule_fsts?.map((name) => inspect(folder, name));
  const found = named ? await Promise.all(named) : files.filter(({ name }) => ruleName.test(name));
  return found.map(({ name, path, problem }) => {
    if (problem !== undefined) throw invalidFile(name, problem);
    // The library takes all paths as one text.
    if (path.includes(",")) throw invalidFile(name, "has a comma in its path: rename the file or its folder");
    return path;
  });
}

/** @throws VoxpoolError `model_files_invalid` when one of the rules is no transducer */
export async function checkRules({ ruleFsts = [] }: ModelSpec, nameOf: (path: string) => string): Promise<void> {
  for (const path of ruleFsts) {
    const name = nameOf(path);
    await withReader(name, path, async (reader) => {
      const problem = fstProblem(await reader.bytes(0, headBytes));
      if (problem !== undefined) throw invalidFile(name, problem);
    });
  }
}
