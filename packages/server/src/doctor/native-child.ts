// Loads one native library in a process of its own, and says which: what is wrong with one can end its process.
import { createRequire } from "node:module";
import { loadSherpaAddon } from "../engine/sherpa/native.ts";

const [, , kind, file = ""] = process.argv;

try {
  if (kind === "sherpa") {
    loadSherpaAddon();
    const { version } = createRequire(import.meta.url)("sherpa-onnx-node/addon.js") as { version?: unknown };
    process.stdout.write(typeof version === "string" ? version : "");
  } else {
    const { openVoskLibrary } = await import("../engine/vosk/library.ts");
    openVoskLibrary(file);
  }
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
