import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** Where the owner of a state directory reaches the server that has it: a socket in it, on Windows a named pipe. */
export function ownerSocketPath(stateDir: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== "win32") return join(stateDir, "voxpool.sock");
  const name = createHash("sha256").update(resolve(stateDir).toLowerCase()).digest("hex").slice(0, 32);
  return `\\\\.\\pipe\\voxpool-${name}`;
}
