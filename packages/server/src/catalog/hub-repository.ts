import { VoxpoolError } from "../base/errors.ts";
import { below, type Endpoints } from "./endpoints.ts";
import { safePath } from "./extract/safe-path.ts";
import { allFailed } from "./failures.ts";
import type { Http } from "./http.ts";
import { parseJson, stringAt, valueAt } from "./json.ts";
import type { Hub, SourceFile } from "./sources.ts";

/** A repository of a hub, or a folder in it. */
export interface Repository {
  readonly hub: Hub;
  /** `owner/name` */
  readonly repo: string;
  readonly revision?: string;
  readonly folder?: string;
}

/** A repository with more files, or more bytes, is not one model. */
const mostFiles = 200;
const mostBytes = 16_000_000_000;

/**
 * The files of a repository that make up a model, with their hashes where the hub says them. Recordings, scripts and
 * pictures are left out, and of one file in several number formats those beside the 8-bit one.
 * @throws VoxpoolError `download_failed` of the only endpoint, `download_sources_failed` of several
 */
export async function listRepository(
  repository: Repository,
  endpoints: Endpoints,
  http: Http,
): Promise<readonly SourceFile[]> {
  const { hub, repo, revision, folder = "" } = repository;
  const places = endpoints.hubs[hub];
  const failures: VoxpoolError[] = [];
  for (const [index, endpoint] of places.entries()) {
    try {
      const url = listingUrl(repository, endpoint);
      const token = hub === "huggingface" && endpoints.hfToken !== "" ? `Bearer ${endpoints.hfToken}` : undefined;
      const patient = index === places.length - 1 ? http : http.impatient();
      const files = readListing(hub, parseJson(await patient.text(url, "application/json", token)));
      return chosenFiles(files, folder, url, repo).map(({ path, bytes, sha256 }) => ({
        at: { hub, repo, path, ...(revision !== undefined && { revision }) },
        to: folder === "" ? path : path.slice(folder.length + 1),
        ...(bytes !== undefined && { bytes }),
        ...(sha256 !== undefined && { sha256 }),
      }));
    } catch (error) {
      if (!(error instanceof VoxpoolError) || error.reason !== "download_failed") throw error;
      failures.push(error);
    }
  }
  throw allFailed(failures, repo);
}

interface ListedFile {
  readonly path: string;
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
}

function listingUrl({ hub, repo, revision }: Repository, endpoint: string): string {
  const branch = encodeURIComponent(revision ?? (hub === "huggingface" ? "main" : "master"));
  return hub === "huggingface"
    ? below(endpoint, `api/models/${repo}/tree/${branch}?recursive=true`)
    : below(endpoint, `api/v1/models/${repo}/repo/files?Revision=${branch}&Recursive=true`);
}

function readListing(hub: Hub, answer: unknown): readonly ListedFile[] {
  const entries = hub === "huggingface" ? answer : valueAt(answer, "Data", "Files");
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const isHuggingFace = hub === "huggingface";
    const path = stringAt(entry, isHuggingFace ? "path" : "Path");
    const type = stringAt(entry, isHuggingFace ? "type" : "Type");
    if (path === undefined || (type !== "file" && type !== "blob")) return [];
    const size = valueAt(entry, isHuggingFace ? "size" : "Size");
    const hash = isHuggingFace ? stringAt(entry, "lfs", "oid") : stringAt(entry, "Sha256");
    const sha256 = /^[0-9a-f]{64}$/.test(hash ?? "") ? hash : undefined;
    return [{ path, bytes: typeof size === "number" && size >= 0 ? size : undefined, sha256 }];
  });
}

function chosenFiles(listed: readonly ListedFile[], folder: string, url: string, repo: string): readonly ListedFile[] {
  const inFolder = listed.filter(({ path }) => folder === "" || path.startsWith(`${folder}/`));
  const wanted = inFolder.filter(({ path }) => safePath(path) !== undefined && isModelFile(path));
  const names = new Set(wanted.map(({ path }) => path));
  const files = wanted.filter(({ path }) => !hasSmallerTwin(path, names));
  const refuse = (detail: string) => {
    throw new VoxpoolError("download_failed", { name: repo, url: url.replace(/\?.*$/, ""), detail });
  };
  if (files.length === 0) refuse("the repository lists no files of a model");
  if (files.length > mostFiles) refuse(`the repository has more than ${mostFiles} files`);
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  if (bytes > mostBytes) refuse(`the files of the repository have more than ${mostBytes} bytes`);
  return files;
}

function isModelFile(path: string): boolean {
  return (
    !/(^|\/)(test_wavs|tests?|examples?|images?|assets|\.git[^/]*)\//i.test(path) &&
    !/\.(wav|mp3|flac|py|ipynb|sh|md|png|jpe?g|gif|svg|pt|pth|safetensors|h5|msgpack|zip|tar|gz|bz2)$/i.test(path) &&
    !/(^|\/)(\.[^/]*|readme[^/]*)$/i.test(path)
  );
}

/** Whether there is the same file with 8-bit weights. */
function hasSmallerTwin(path: string, names: ReadonlySet<string>): boolean {
  const stem = /^(.*)\.(onnx|weights)$/.exec(path)?.[1];
  return stem !== undefined && !stem.endsWith(".int8") && names.has(`${stem}.int8.onnx`);
}
