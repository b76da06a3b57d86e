import { VoxpoolError } from "../base/errors.ts";
import { below } from "./endpoints.ts";
import type { Http } from "./http.ts";
import { parseJson, stringAt } from "./json.ts";
import type { Located } from "./locate.ts";
import { tokenFor } from "./npm-config.ts";
import type { NpmSource, WheelSource } from "./sources.ts";

/**
 * The usual address first, which saves a request; the registry's own word where it keeps tarballs elsewhere.
 * @throws VoxpoolError `download_failed`
 */
export async function* locatePackage(
  { package: name, version, bytes, sha512 }: NpmSource,
  registry: string,
  tokens: Readonly<Record<string, string>>,
  http: Http,
): AsyncGenerator<Located> {
  const digest = Buffer.from(sha512, "base64").toString("hex");
  const token = tokenFor(registry, tokens);
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  const common = { bytes, hash: { algorithm: "sha512", digest }, authorization } as const;
  yield { ...common, url: below(registry, `${name}/-/${name.split("/").at(-1)}-${version}.tgz`) };
  const metadataUrl = below(registry, `${name.replace("/", "%2f")}/${version}`);
  const metadata = parseJson(await http.text(metadataUrl, "application/json", authorization));
  const tarball = stringAt(metadata, "dist", "tarball");
  if (tarball === undefined) {
    throw new VoxpoolError("download_failed", { name, url: metadataUrl, detail: "the registry names no tarball" });
  }
  const url = new URL(tarball, metadataUrl);
  const isOwn = url.origin === new URL(metadataUrl).origin;
  yield { ...common, url: url.href, authorization: isOwn ? authorization : undefined, from: metadataUrl };
}

/**
 * Asks the index in JSON (PEP 691); older mirrors answer with the HTML of PEP 503.
 * @throws VoxpoolError `download_failed`
 */
export async function* locateWheel(
  { project, file, bytes, sha256 }: WheelSource,
  index: string,
  http: Http,
): AsyncGenerator<Located> {
  const url = below(index, `${project}/`);
  const body = await http.text(url, "application/vnd.pypi.simple.v1+json, text/html;q=0.5");
  const found = body.trimStart().startsWith("{") ? fromJson(parseJson(body), file) : fromHtml(body, file);
  if (found === undefined) {
    throw new VoxpoolError("download_failed", { name: file, url, detail: "the index does not list it" });
  }
  yield { url: new URL(found, url).href, bytes, hash: { algorithm: "sha256", digest: sha256 }, from: url };
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
