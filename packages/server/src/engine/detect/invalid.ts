import { VoxpoolError } from "../../base/errors.ts";

/**
 * A file of a model is not what it should be.
 * @param problem completes the sentence that begins with the file's name: `is empty`
 */
export function invalidFile(name: string, problem: string, cause?: unknown): VoxpoolError {
  return new VoxpoolError("model_files_invalid", { file: name, detail: `${name} ${problem}` }, { cause });
}

/** The code of a system error (`ENOENT`), for messages. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
