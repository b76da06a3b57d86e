import { refuseDisguise } from "./disguise.ts";
import { type FolderFile, listFolder } from "./folder.ts";
import { invalidFile } from "./invalid.ts";
import { layoutFolders } from "./layout.ts";
import { type WindowReader, withReader } from "./reader.ts";

/** Checks the beginning of a file; the answer completes a sentence that begins with the file's name. */
type KindCheck = (head: Buffer) => string | undefined;

/** Which check a file that libvosk opens gets; others (README, word lists) get none. */
const kinds: readonly { readonly pattern: RegExp; readonly check: KindCheck }[] = [
  { pattern: /\.(mdl|ie|dubm|raw)$/, check: kaldiObject },
  { pattern: /\.(mat|vec|stats)$/, check: kaldiMatrix },
  { pattern: /\.fst$/, check: fstProblem },
  { pattern: /\.conf$/, check: optionLines },
  { pattern: /\.int$/, check: numbers },
];

/** What must be there once another file is, below the folder that holds it. */
const companions: readonly { readonly of: string; readonly needs: readonly string[] }[] = [
  { of: "HCLr.fst", needs: ["Gr.fst", "disambig_tid.int"] },
  { of: "final.ie", needs: ["final.dubm", "final.mat", "global_cmvn.stats", "online_cmvn.conf", "splice.conf"] },
  { of: "final.ext.raw", needs: ["mfcc.conf", "mean.vec", "transform.mat"] },
];

const headBytes = 4096;

/**
 * Checks the files of a Vosk model, plain or in the old flat layout.
 * @param directory absolute and real
 * @throws VoxpoolError `model_files_invalid`
 */
export async function checkKaldiFolder(directory: string): Promise<void> {
  const files = await listFolder(directory, layoutFolders);
  for (const file of files) {
    const kind = kinds.find(({ pattern }) => pattern.test(file.name));
    if (kind === undefined) continue;
    if (file.problem !== undefined) throw invalidFile(file.name, file.problem);
    await withReader(file.name, file.path, (reader) => checkHead(file.name, reader, kind.check));
  }
  checkCompanions(files);
}

async function checkHead(name: string, reader: WindowReader, check: KindCheck): Promise<void> {
  await refuseDisguise(name, reader);
  const problem = check(await reader.bytes(0, headBytes));
  if (problem !== undefined) throw invalidFile(name, problem);
}

function checkCompanions(files: readonly FolderFile[]): void {
  const names = new Set(files.map((file) => file.name));
  for (const { of, needs } of companions) {
    for (const name of names) {
      if (name !== of && !name.endsWith(`/${of}`)) continue;
      const missing = needs.map((need) => name.slice(0, -of.length) + need).find((need) => !names.has(need));
      if (missing !== undefined) throw invalidFile(missing, `is missing, and ${name} needs it`);
    }
  }
}

/** Kaldi writes `\0B` before binary data; as text, an object begins with its type in angle brackets. */
function kaldiObject(head: Buffer): string | undefined {
  const text = head.toString("latin1");
  return /^(\0B)?\s*</.test(text) ? undefined : "is no Kaldi file";
}

function kaldiMatrix(head: Buffer): string | undefined {
  const text = head.toString("latin1");
  return /^(\0B[A-Z<]|\s*(\[|<))/.test(text) ? undefined : "is no matrix of Kaldi";
}

/** What is wrong with a file of OpenFst, by its beginning: a number, then the names of the kind of transducer and of its arcs, each with its length before it. */
export function fstProblem(head: Buffer): string | undefined {
  const magic = 2_125_659_606;
  if (head.length < 16 || head.readUInt32LE(0) !== magic) return "is no OpenFst file";
  const length = head.readUInt32LE(4);
  const kind = head.subarray(8, 8 + length).toString("latin1");
  return length > 0 && length <= 64 && /^[\w-]+$/.test(kind) ? undefined : "is a damaged OpenFst file";
}

function optionLines(head: Buffer): string | undefined {
  return wrongLine(head, /^(--[\w.-]+(=[^\0]*)?)?\s*(#.*)?$/, "no option of Kaldi");
}

/** Numbers, with a kind of phone behind each in `word_boundary.int`. */
function numbers(head: Buffer): string | undefined {
  return wrongLine(head, /^(\d+( [a-z]+)?)?$/, "no number");
}

function wrongLine(head: Buffer, line: RegExp, what: string): string | undefined {
  const lines = head.toString("latin1").split("\n");
  // The bound of what is read may have cut the last one off.
  const whole = head.length < headBytes ? lines : lines.slice(0, -1);
  const wrong = whole.findIndex((text) => !line.test(text.trim()));
  return wrong < 0 ? undefined : `has ${what} in line ${wrong + 1}`;
}
