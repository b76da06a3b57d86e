import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Windows' DirectShow has no default microphone by name; the first that ffmpeg lists is taken. */
export async function firstWindowsMicrophone(program = "ffmpeg"): Promise<string | undefined> {
  const args = ["-hide_banner", "-list_devices", "true", "-f", "dshow", "-i", "dummy"];
  // It always fails: "dummy" is no device. The list is what it says before.
  const listed = await run(program, args, { windowsHide: true }).catch((error: unknown) => error);
  const { stderr } = listed as { readonly stderr?: unknown };
  return typeof stderr === "string" ? firstAudioDevice(stderr) : undefined;
}

/** Newer ffmpegs write `"Name" (audio)`; older ones a heading before the names of each kind. */
export function firstAudioDevice(listing: string): string | undefined {
  const lines = listing.split(/\r?\n/);
  const named = lines.map((line) => /"([^"]+)" \(audio\)/.exec(line)?.[1]).find((name) => name !== undefined);
  if (named !== undefined) return named;
  const heading = lines.findIndex((line) => line.includes("DirectShow audio devices"));
  if (heading < 0) return undefined;
  return /"([^"]+)"/.exec(lines[heading + 1] ?? "")?.[1];
}
