import { refuseDisguise } from "./disguise.ts";
import { invalidFile } from "./invalid.ts";
import { withReader } from "./reader.ts";

/**
 * Checks the beginning of a file in the other format of ONNX Runtime: a FlatBuffer with the mark `ORTM`, whose root
 * lies in the file. What is cut off further behind only the engine finds.
 * @throws VoxpoolError `model_files_invalid`
 */
export async function checkOrt(name: string, path: string): Promise<void> {
  await withReader(name, path, async (reader) => {
    await refuseDisguise(name, reader);
    const head = await reader.bytes(0, 8);
    const isOrt = head.length === 8 && head.toString("latin1", 4) === "ORTM";
    if (!isOrt || head.readUInt32LE(0) > reader.sizeBytes - 4) throw invalidFile(name, "is no model of ONNX Runtime");
  });
}
