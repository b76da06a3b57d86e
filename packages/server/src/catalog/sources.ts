import { VoxpoolError } from "../base/errors.ts";
import type { Http } from "./http.ts";

/** Which files of an archive are wanted: one file by its path, or all below a folder. Nothing else leaves the archive. */
export type Take = { readonly from: string; readonly to: string } | { readonly under: string };

interface Archive {
  readonly take: readonly Take[];
  /** Size of the archive, where it is known. */
  readonly bytes?: number;
}

/** Where an archive can be had. A new kind is one more member here, and one function below. */
export type Source = NpmSource | WheelSource | ZipSource;

/** A package of an npm registry. */
export interface NpmSource extends Archive {
  readonly kind: "npm";
  readonly package: string;
  readonly version: string;
  /** Base64, as in the registry's `integrity`. */
  readonly sha512: string;
}

/** A wheel of a Python package index: a zip archive. */
export interface WheelSource extends Archive {
  readonly kind: "wheel";
  readonly project: string;
  readonly file: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A zip archive at an address. Without a hash it is believed as far as its HTTPS is. */
interface ZipSource extends Archive {
  readonly kind: "zip";
  readonly url: string;
  readonly sha256?: string;
}

/** Registries to fetch from; credentials may stand in the address (`https://user:password@host/`). */
export interface Registries {
  readonly npmRegistry: string;
  readonly pypiIndex: string;
}

/** A source as something to download. */
export interface Located {
  readonly url: string;
  readonly format: "tar" | "zip";
  readonly bytes: number | undefined;
  readonly hash: ExpectedHash | undefined;
}

export interface ExpectedHash {
  readonly algorithm: "sha256" | "sha512";
  /** Hexadecimal. */
  readonly digest: string;
}

/** The registries of the configuration, else of the environment as npm and pip read it, else the public ones. */
export function registriesFrom(
  settings: { readonly npmRegistry?: string; readonly pypiIndex?: string },
  env: NodeJS.ProcessEnv = process.env,
): Registries {
  return {
    npmRegistry: settings.npmRegistry || env.npm_config_registry || "https://registry.npmjs.org/",
    pypiIndex: settings.pypiIndex || env.PIP_INDEX_URL || "https://pypi.org/simple/",
  };
}

/**
 * Addresses of a source, the likelier first; later ones are found only when they are asked for.
 * @throws VoxpoolError `download_failed`
 */
export async function* locate(source: Source, registries: Registries, http: Http): AsyncGenerator<Located> {
  if (source.kind === "npm") {
    yield* locateNpm(source, registries.npmRegistry, http);
  } else {
    const url = source.kind === "wheel" ? await wheelUrl(source, registries.pypiIndex, http) : source.url;
    yield { ...withSha256(source), url };
  }
}

/** One line that says where something is from, without the user's own registry. */
export function describeSource(source: Source): string {
  if (source.kind === "zip") {
    return source.url;
  }
  return source.kind === "npm" ? `npm:${source.package}@${source.version}` : `pypi:${source.file}`;
}

/** A short name for the downloaded archive, the same for the same content. */
export function archiveKey(source: Source): string {
  return describeSource(source).replaceAll(/[^\w.-]+/g, "-");
}

/** The usual address first, which saves a request; the registry's own word where it keeps tarballs elsewhere. */
async function* locateNpm(source: NpmSource, registry: string, http: Http): AsyncGenerator<Located> {
  const { package: name, version, bytes } = source;
  const digest = Buffer.from(source.sha512, "base64").toString("hex");
  const common = { format: "tar", bytes, hash: { algorithm: "sha512", digest } } as const;
  yield { ...common, url: join(registry, `${name}/-/${name.split("/").at(-1)}-${version}.tgz`) };
  const metadataUrl = join(registry, `${name.replace("/", "%2f")}/${version}`);
  const metadata = parseJson(await http.text(metadataUrl, "application/json"));
  const tarball = stringAt(metadata, "dist", "tarball");
  if (tarball === undefined) {
    throw new VoxpoolError("download_failed", { name, url: metadataUrl, detail: "the registry names no tarball" });
  }
  yield { ...common, url: new URL(tarball, metadataUrl).href };
}

function withSha256(source: WheelSource | ZipSource): Omit<Located, "url"> {
  const hash = source.sha256 === undefined ? undefined : ({ algorithm: "sha256", digest: source.sha256 } as const);
  return { format: "zip", bytes: source.bytes, hash };
}

/** Asks the index in JSON (PEP 691); older mirrors answer with the HTML of PEP 503. */
async function wheelUrl({ project, file }: WheelSource, index: string, http: Http): Promise<string> {
  const url = join(index, `${project}/`);
  const body = await http.text(url, "application/vnd.pypi.simple.v1+json, text/html;q=0.5");
  const found = body.trimStart().startsWith("{") ? fromJson(parseJson(body), file) : fromHtml(body, file);
  if (found === undefined) {
    throw new VoxpoolError("download_failed", { name: file, url, detail: "the index does not list it" });
  }
  return new URL(found, url).href;
}

function fromJson(index: unknown, file: string): string | undefined {
  const files: unknown = typeof index === "object" && index !== null && "files" in index ? index.files : undefined;
  const entry = (Array.isArray(files) ? files : []).find((one: unknown) => stringAt(one, "filename") === file);
  return stringAt(entry, "url");
}

function fromHtml(html: string, file: string): string | undefined {
  for (const [, href, text] of html.matchAll(/<a\s[^>]*?href="([^"]{1,2000})"[^>]*>([^<]{1,300})<\/a>/gi)) {
    if (text?.trim() === file) {
      return href?.replaceAll("&amp;", "&");
    }
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function stringAt(value: unknown, ...keys: readonly string[]): string | undefined {
  let at: unknown = value;
  for (const key of keys) {
    at = typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }
  return typeof at === "string" ? at : undefined;
}

function join(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path}`;
}
