import { rm } from "node:fs/promises";
import type { Dispatcher } from "undici";
import { VoxpoolError } from "../base/errors.ts";
import { asSetback, failed, type Http, refusal, withoutSecrets } from "./http.ts";
import type { Located } from "./locate.ts";
import { openPart, type PartFile } from "./part-file.ts";
import { Setback } from "./setback.ts";
import { leastBytes } from "./steady.ts";

export interface FetchTask {
  readonly located: Located;
  /** Where it goes; what is there already is resumed. */
  readonly path: string;
  /** What it is called in messages. */
  readonly name: string;
  /** Called with the bytes that are there and, where it is known, the size of the whole. */
  readonly onBytes: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** Called before a body is received, with the size of the whole and of what is there; it may refuse. */
  readonly onSize?: (totalBytes: number, presentBytes: number) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** No archive is larger; a server that sends without end is stopped here. */
const maxArchiveBytes = 8_000_000_000;

/**
 * Downloads a file to a path: resumes after cuts, verifies the hash. A file that does not verify is removed; one
 * that is incomplete stays for the next attempt.
 * @returns the hexadecimal hash of the file
 * @throws VoxpoolError `download_failed`, `download_corrupt`, `disk_full`; the signal's reason
 */
export async function fetchFile(task: FetchTask, http: Http): Promise<string> {
  const { located, name, path } = task;
  const part = await openPart(path, located.hash?.algorithm ?? "sha256", name);
  const state: Attempt = { part, isPieced: part.bytes > 0, best: 0, validator: undefined };
  try {
    if (located.hash === undefined) {
      await part.restart(); // Nothing could tell whether the rest belongs to the same file.
    }
    await download(state, task, http);
    if (!matches(part, located) && state.isPieced) {
      // Pieced together from several answers, or from what an older run left: once more in one piece.
      await part.restart();
      await download(state, task, http);
    }
    return await verified(part, task);
  } catch (error) {
    // What holds nothing is worth nothing to a later attempt.
    if (part.bytes === 0) await rm(path, { force: true });
    throw error;
  } finally {
    await part.close();
  }
}

interface Attempt {
  readonly part: PartFile;
  /** Whether the file comes from several answers, or partly from an older run. */
  isPieced: boolean;
  /** The furthest that any attempt came, bytes. */
  best: number;
  /** What tells that the file on the server is still the same: its strong entity tag. */
  validator: string | undefined;
}

async function download(state: Attempt, task: FetchTask, http: Http): Promise<void> {
  const { located } = task;
  const isWhole = located.hash !== undefined && state.part.bytes > 0 && matches(state.part, located);
  if (isWhole || (located.bytes !== undefined && state.part.bytes >= located.bytes)) {
    return;
  }
  await http.retrying(
    located.url,
    () => attempt(state, task, http),
    // In steps: a server that gives a few bytes each time would be asked for ever.
    () => Math.floor(state.best / leastBytes),
  );
}

async function attempt(state: Attempt, task: FetchTask, http: Http): Promise<void> {
  const { part } = state;
  const { url, hash, authorization, from } = task.located;
  if (part.bytes > 0 && hash === undefined && state.validator === undefined) {
    await part.restart();
  }
  const resume = part.bytes > 0;
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  if (resume) {
    headers.range = `bytes=${part.bytes}-`;
    if (hash === undefined) {
      headers["if-range"] = state.validator ?? "";
    }
  }
  const { bytes } = task.located;
  if (bytes !== undefined) {
    await task.onSize?.(bytes, part.bytes);
  }
  const answer = await http.get(url, headers, from);
  try {
    const total = await accept(answer, state, task);
    if (bytes === undefined && total !== undefined) {
      await task.onSize?.(total, part.bytes);
    }
    await receive(http.receive(answer), state, task, total);
  } catch (error) {
    answer.body.on("error", () => undefined).destroy();
    throw asSetback(error, task.signal);
  }
}

/** Sees to it that the body continues what is there. @returns the size of the whole, if the server says it */
async function accept(
  { statusCode, headers, ...answer }: Dispatcher.ResponseData,
  state: Attempt,
  { located, name }: FetchTask,
): Promise<number | undefined> {
  const { part } = state;
  if (statusCode === 206 && part.bytes > 0) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers["content-range"]));
    if (range === null || Number(range[1]) !== part.bytes) {
      await part.restart();
      throw new Setback("the server sent another piece than was asked for");
    }
    state.isPieced = true;
    return range[2] === "*" ? undefined : Number(range[2]);
  }
  if (statusCode === 416 && part.bytes > 0) {
    await part.restart();
    throw new Setback("the server does not have the rest of the file");
  }
  if (statusCode !== 200) {
    throw refusal(located.url, { statusCode, headers, ...answer }, name);
  }
  const encoding = String(headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding !== "identity") {
    throw failed(located.url, `the server sends it as ${encoding.slice(0, 40)}, not as it is`, name);
  }
  await part.restart();
  state.isPieced = false;
  const tag = headers.etag;
  state.validator = typeof tag === "string" && tag.startsWith('"') ? tag : undefined;
  const length = Number(headers["content-length"]);
  return Number.isSafeInteger(length) && headers["content-length"] !== undefined ? length : undefined;
}

async function receive(
  body: AsyncIterable<Buffer>,
  state: Attempt,
  { located, name, onBytes }: FetchTask,
  total: number | undefined,
): Promise<void> {
  const { part } = state;
  const limit = located.bytes ?? maxArchiveBytes;
  onBytes(part.bytes, located.bytes ?? total);
  for await (const chunk of body) {
    if (part.bytes + chunk.length > limit) {
      await part.restart();
      throw failed(located.url, `the server sends more than ${limit} bytes`, name);
    }
    await part.append(chunk);
    state.best = Math.max(state.best, part.bytes);
    onBytes(part.bytes, located.bytes ?? total);
  }
  const whole = located.bytes ?? total;
  if (whole !== undefined && part.bytes < whole) {
    throw new Setback(`the connection ended after ${part.bytes} of ${whole} bytes`);
  }
}

function matches(part: PartFile, { hash }: Located): boolean {
  return hash === undefined || part.digest() === hash.digest;
}

async function verified(part: PartFile, { located, name, path }: FetchTask): Promise<string> {
  const actual = part.digest();
  if (located.hash !== undefined && actual !== located.hash.digest) {
    await rm(path, { force: true });
    const { algorithm, digest } = located.hash;
    const url = withoutSecrets(located.url);
    throw new VoxpoolError("download_corrupt", { name, url, algorithm, actual, expected: digest });
  }
  return actual;
}
