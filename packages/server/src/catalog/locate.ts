import { VoxpoolError } from "../base/errors.ts";
import { below, type Endpoints } from "./endpoints.ts";
import type { Http } from "./http.ts";
import { locatePackage, locateWheel } from "./registries.ts";
import type { Hub, Place, Source, SourceFile } from "./sources.ts";

/** Something to download. */
export interface Located {
  readonly url: string;
  readonly bytes: number | undefined;
  readonly hash: ExpectedHash | undefined;
  /** `Authorization` for the address's own host. */
  readonly authorization?: string | undefined;
  /** The address of the answer that named this one, where one did. */
  readonly from?: string;
}

export interface ExpectedHash {
  readonly algorithm: "sha256" | "sha512";
  /** Hexadecimal. */
  readonly digest: string;
}

/** One place to ask for a file. */
export interface Attempt {
  /** Whom it asks, for messages. */
  readonly target: string;
  /** Its addresses there, the likelier first; a later one is looked for only when the one before has no such file. */
  addresses(http: Http): AsyncIterable<Located>;
}

/** Where the archive of a source can be asked for, each in order. */
export function attemptsFor(source: Exclude<Source, { kind: "files" }>, endpoints: Endpoints): readonly Attempt[] {
  switch (source.kind) {
    case "npm":
      return endpoints.npmRegistries.map((registry) => ({
        target: registry,
        addresses: (http) => locatePackage(source, registry, endpoints.npmTokens, http),
      }));
    case "wheel":
      return endpoints.pypiIndexes.map((index) => ({
        target: index,
        addresses: (http) => locateWheel(source, index, http),
      }));
    case "archive":
      return attemptsAt(source.at, source, endpoints);
  }
}

/** Where a single file can be asked for. */
export function attemptsForFile(file: SourceFile, endpoints: Endpoints): readonly Attempt[] {
  return attemptsAt(file.at, file, endpoints);
}

/** All addresses of a place, for people who fetch by hand. */
export function addressesOf(place: Place, endpoints: Endpoints): readonly string[] {
  if (!("url" in place)) {
    return endpoints.hubs[place.hub].map((endpoint) => hubUrl(place, endpoint));
  }
  const isMirrored =
    endpoints.githubMirror !== "" && /^https:\/\/(github|raw\.githubusercontent)\.com\//.test(place.url);
  return isMirrored ? [below(endpoints.githubMirror, place.url), place.url] : [place.url];
}

function attemptsAt(
  place: Place,
  { sha256, bytes }: { readonly sha256?: string; readonly bytes?: number },
  endpoints: Endpoints,
): readonly Attempt[] {
  const hash = sha256 === undefined ? undefined : ({ algorithm: "sha256", digest: sha256 } as const);
  const isHuggingFace = "hub" in place && place.hub === "huggingface";
  const authorization = isHuggingFace && endpoints.hfToken !== "" ? `Bearer ${endpoints.hfToken}` : undefined;
  return addressesOf(place, endpoints).map((url) => ({
    target: url,
    addresses: () => only({ url, bytes, hash, authorization }),
  }));
}

async function* only(located: Located): AsyncGenerator<Located> {
  yield located;
}

const mainBranch: Readonly<Record<Hub, string>> = { huggingface: "main", modelscope: "master" };

function hubUrl({ hub, repo, path, revision }: Exclude<Place, { url: string }>, endpoint: string): string {
  const file = [repo, "resolve", revision ?? mainBranch[hub], ...path.split("/").map(encodeURIComponent)].join("/");
  return below(endpoint, hub === "modelscope" ? `models/${file}` : file);
}

/** A failure of a place that has no such file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof VoxpoolError && absentStatuses.has(error.details["status"]);
}

const absentStatuses: ReadonlySet<unknown> = new Set([403, 404, 405, 410]);
