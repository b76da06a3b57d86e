/** Loads the Vosk model in argv[2] with the library in argv[3] and prints the reason of its failure. */
import { VoxpoolError } from "../../dist/base/errors.js";
import { detect } from "../../dist/engine/detect/detect.js";
import { loadVosk } from "../../dist/engine/vosk/vosk.js";

const [, , directory = "", voskLibraryFile = ""] = process.argv;
const loaded: unknown = await loadVosk(await detect(directory), { sileroFile: "", voskLibraryFile }).catch(
  (error: unknown) => error,
);
console.log(loaded instanceof VoxpoolError ? loaded.reason : "loaded");
