import { unsupported } from "./format.ts";
import { formats } from "./formats.ts";

/** So many bytes are enough to know every format, and to name what is none. */
export const sniffBytes = 4096;

/**
 * The format of a file by its first bytes; undefined when more of them are needed.
 * @param ended `head` is the whole file
 * @throws VoxpoolError `audio_unsupported` with what it looks like
 */
export function sniff(head: Uint8Array, ended: boolean): (typeof formats)[number] | undefined {
  const format = formats.find((candidate) => candidate.matches(head));
  if (format !== undefined) return format;
  if (head.length < sniffBytes && !ended) return undefined;
  const names = [...formats.map(({ name }) => name).filter((name) => name !== "ID3"), "MP4"].join(", ");
  throw unsupported(
    `it looks like ${looksLike(head)}; send ${names}, or raw samples as audio/pcm;rate=16000;channels=1`,
  );
}

type Sign = readonly [name: string, matches: (head: Uint8Array) => boolean];

const starts =
  (text: string, at = 0) =>
  (head: Uint8Array): boolean =>
    latin1(head.subarray(at, at + text.length)) === text;

/** In order of trust: fixed bytes first, guesses last. */
const signs: readonly Sign[] = [
  ["a RIFF file that is no WAV", (head) => starts("RIFF")(head) || starts("RIFX")(head)],
  ["CAF", starts("caff")],
  ["Sun AU", starts(".snd")],
  ["AMR", starts("#!AMR")],
  ["Sony Wave64", starts("riff\x2e\x91\xcf\x11")],
  ["Windows Media (ASF)", starts("\x30\x26\xb2\x75\x8e\x66\xcf\x11")],
  ["a ZIP archive", starts("PK\x03\x04")],
  ["gzip", starts("\x1f\x8b")],
  ["PDF", starts("%PDF")],
  ["PNG", starts("\x89PNG")],
  ["JPEG", starts("\xff\xd8\xff")],
  ["AAC that breaks off or is damaged", (head) => head[0] === 0xff && ((head[1] ?? 0) & 0xf6) === 0xf0],
  [
    "MP3 that breaks off or is damaged",
    (head) => head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0 && ((head[1] ?? 0) & 0x06) !== 0,
  ],
  ["zeros, with no header", (head) => head.every((byte) => byte === 0)],
  ["HTML or XML", (head) => isText(head) && /^\W{0,8}<(!|\?xml|[a-z])/i.test(latin1(head).trimStart())],
  ["JSON", (head) => isText(head) && /^[[{]/.test(latin1(head).trimStart())],
  ["a form upload (multipart)", (head) => isText(head) && /^--[^\n]+\r?\nContent-/i.test(latin1(head))],
  ["plain text", isText],
];

function looksLike(head: Uint8Array): string {
  return signs.find(([, matches]) => matches(head))?.[0] ?? "no kind of audio file that is known";
}

/** UTF-8 or Latin letters without control characters; a character cut off at the end does not matter. */
export function isText(head: Uint8Array): boolean {
  if (head.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  return !new TextDecoder().decode(head, { stream: true }).includes("\ufffd");
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
