import { isNameable } from "../model-path.ts";

/** Names that mean devices to Windows, whatever comes after a dot. */
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** A path out of an archive or a listing, if each part of it is a plain name on every system; else `undefined`. */
export function safePath(path: string): string | undefined {
  return path.split("/").every(isPlain) ? path : undefined;
}

function isPlain(part: string): boolean {
  return isNameable(part) && !/[<>:"|?*]/.test(part) && !/[. ]$/.test(part) && !deviceName.test(part);
}
