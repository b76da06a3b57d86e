/** What the system says by a code, as people say it. Their Chinese is in the phrase book. */
const texts: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "there is no permission for it",
  EPERM: "the system does not permit it",
  EISDIR: "this is a folder, not a file",
  ENOTDIR: "a file stands where a folder is needed",
  EEXIST: "something else is there already",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk can only be read",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links lead round in a circle",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EBUSY: "another program is using it",
  EIO: "the disk or the device fails",
  ENXIO: "there is no such device",
};

/** The message of anything thrown, in English; what the system said of a file in plain words. */
export function systemText(error: unknown): string {
  return plainly(error instanceof Error ? error.message : String(error));
}

/** A text with each `ENOENT: no such file or directory, open '/x'` in it put into plain words. */
export function plainly(text: string): string {
  return text.replaceAll(
    /\b(E[A-Z]+): [a-z][a-z ()-]*(?:, \w+(?: '[^']*'(?: -> '[^']*')?)?)?/g,
    (whole, code: string) => texts[code] ?? whole,
  );
}
