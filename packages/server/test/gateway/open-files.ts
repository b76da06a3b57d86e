import { readdirSync, readlinkSync } from "node:fs";

/** Options for tests that look at the descriptors of this process. */
export const noOpenFiles = { skip: process.platform === "linux" ? false : "only Linux lists open files in /proc" };

/** The files below a directory that this process has open, removed ones included. */
export function openFiles(directory: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(`${directory}/`) ? [path] : [];
    } catch {
      return []; // the descriptor that listed the others
    }
  });
}
