import { detect } from "../../dist/engine/detect/detect.js";
import { loadEngine } from "../../dist/engine/load.js";

/** Loads a model without looking into its files first; says so when the process is still there. */
const [directory = ""] = process.argv.slice(2);
await loadEngine(await detect(directory), { sileroFile: "", voskLibraryFile: "" });
process.stdout.write("loaded");
process.kill(process.pid, "SIGKILL");
