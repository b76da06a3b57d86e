import { VoxpoolError } from "../base/errors.ts";
import type { Endpoints } from "./endpoints.ts";
import { safePath } from "./extract/safe-path.ts";
import { withoutSecrets } from "./http.ts";
import type { Repository } from "./hub-repository.ts";
import { isVersion } from "./model-folder.ts";
import { printable } from "./model-path.ts";
import type { Hub } from "./sources.ts";

/** What an address that somebody gave stands for. */
export type PullTarget =
  | { readonly kind: "archive"; readonly url: string; readonly name: string }
  | { readonly kind: "repository"; readonly repository: Repository; readonly name: string };

const archiveName = /(\.tar)?\.(zip|tar|tgz|tbz2?|gz|bz2)$/i;

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** @throws VoxpoolError `pull_target_invalid` for an address of a kind that nothing is fetched from */
export function refuseScheme(text: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return;
  const isFile = scheme === "file";
  throw invalid(
    text,
    isFile ? "give a file of this machine with --from FILE" : "only http:// and https:// are fetched",
  );
}

/** Reads the address of an archive, or of a model's page at a hub. @throws VoxpoolError `pull_target_invalid` */
export function readTarget(text: string, endpoints: Endpoints): PullTarget {
  const url = URL.parse(text);
  if (url === null) throw invalid(text, "it is no address");
  const hub = hubOf(url, endpoints);
  const page = hub === undefined || archiveName.test(url.pathname) ? undefined : pageOf(hub, url);
  if (page === undefined) {
    return { kind: "archive", url: rawUrl(url), name: nameFrom(url.pathname.split("/").at(-1) ?? "", text) };
  }
  if (page.file !== undefined) throw invalid(text, "a single file is no model; give the page of its repository");
  const { repo, revision, folder } = page;
  return {
    kind: "repository",
    repository: {
      hub: hub ?? "huggingface",
      repo,
      ...(revision !== undefined && { revision }),
      ...(folder !== undefined && { folder }),
    },
    name: nameFrom((folder ?? repo).split("/").at(-1) ?? "", text),
  };
}

/** The name under which something lands. @throws VoxpoolError `pull_target_invalid` */
export function checkName(name: string): string {
  const parts = name.split("/");
  const isPlain = parts.length <= 4 && safePath(name) !== undefined && !parts.some(isVersion) && !name.includes("@");
  if (isPlain && name.length <= 200) return name;
  throw invalid(name, "no model can have that name; choose another one with --as NAME");
}

interface HubPage {
  readonly repo: string;
  readonly revision?: string | undefined;
  readonly folder?: string | undefined;
  readonly file?: string | undefined;
}

const knownHosts: Readonly<Record<string, Hub>> = {
  "huggingface.co": "huggingface",
  "hf.co": "huggingface",
  "hf-mirror.com": "huggingface",
  "modelscope.cn": "modelscope",
  "www.modelscope.cn": "modelscope",
};

function hubOf(url: URL, endpoints: Endpoints): Hub | undefined {
  const configured = (["huggingface", "modelscope"] as const).find((hub) =>
    endpoints.hubs[hub].some((endpoint) => URL.parse(endpoint)?.host === url.host),
  );
  return configured ?? (Object.hasOwn(knownHosts, url.host) ? knownHosts[url.host] : undefined);
}

/** `/OWNER/NAME`, with `/tree/REVISION/FOLDER` or `/resolve/REVISION/FILE` behind it; at ModelScope below `/models`. */
function pageOf(hub: Hub, url: URL): HubPage | undefined {
  const parts = url.pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  const [owner, name, view, revision, ...rest] = hub === "modelscope" && parts[0] === "models" ? parts.slice(1) : parts;
  if (owner === undefined || name === undefined || ["datasets", "spaces", "api"].includes(owner)) {
    throw invalid(url.href, "it is no page of a model");
  }
  const repo = `${owner}/${name}`;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo) || repo.includes("..")) throw invalid(url.href, "it is no page of a model");
  const path = rest.join("/");
  const below = path === "" ? undefined : path;
  if (view === "tree") return { repo, revision, folder: below };
  return view === "resolve" || view === "blob" ? { repo, revision, file: below } : { repo };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The page that shows a file is not the file. */
function rawUrl(url: URL): string {
  return url.href.replace(/^(https?:\/\/[^/]+\/[^/]+\/[^/]+)\/blob\//, "$1/resolve/");
}

function nameFrom(fileName: string, text: string): string {
  const name = decoded(fileName).replace(archiveName, "");
  if (name === "") throw invalid(text, "it names no file; choose a name with --as NAME");
  return checkName(name);
}

function invalid(text: string, detail: string): VoxpoolError {
  const what = URL.canParse(text) && text.includes("://") ? withoutSecrets(text) : text;
  return new VoxpoolError("pull_target_invalid", { what: printable(what), detail });
}
