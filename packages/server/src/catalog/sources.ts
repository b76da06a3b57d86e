/** Which files of an archive are wanted: one by its path, all below a folder, or all. Nothing else leaves the archive. */
export type Take =
  | { readonly from: string; readonly to: string }
  /** `except`: folders directly below it that are left out, such as test recordings. */
  | { readonly under: string; readonly except?: readonly string[] }
  | { readonly all: true };

/** Where something can be had. A new kind is one more member here, and one function in `locate`. */
export type Source = NpmSource | WheelSource | ArchiveSource | FilesSource;

/** What is one archive. */
export type ArchivePart = Exclude<Source, FilesSource>;

interface Archive {
  readonly take: readonly Take[];
  /** Size of the archive, where it is known. */
  readonly bytes?: number;
  /** Size of the wanted files once they are unpacked, where it is known. */
  readonly unpackedBytes?: number;
}

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

/**
 * A zip or tar archive (plain, gzip, bzip2; told apart by its bytes) at an address. The hash of one without a known
 * one is written down when it is first fetched, and has to be the same from then on.
 */
export interface ArchiveSource extends Archive {
  readonly kind: "archive";
  readonly at: Place;
  /** Hexadecimal. */
  readonly sha256?: string;
}

/** Single files, which need no unpacking. */
export interface FilesSource {
  readonly kind: "files";
  readonly files: readonly SourceFile[];
}

export interface SourceFile {
  readonly at: Place;
  /** Its path in the model's folder. */
  readonly to: string;
  readonly bytes?: number;
  /** Hexadecimal. */
  readonly sha256?: string;
}

export type Hub = "huggingface" | "modelscope";

/** An address, or a file in a repository of a hub, whose address depends on the configured endpoint. */
export type Place = { readonly url: string } | HubPlace;

export interface HubPlace {
  readonly hub: Hub;
  /** `owner/name` */
  readonly repo: string;
  readonly path: string;
  /** Branch, tag or commit; the hub's main branch without it. */
  readonly revision?: string;
}

/** One line that says where something is from, without the user's own endpoints. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case "npm":
      return `npm:${source.package}@${source.version}`;
    case "wheel":
      return `pypi:${source.file}`;
    case "archive":
      return describePlace(source.at);
    case "files":
      return source.files.map((file) => describePlace(file.at)).join(" ");
  }
}

export function describePlace(place: Place): string {
  return "url" in place ? place.url : `${place.hub}:${place.repo}/${place.path}`;
}

/** The name of the file that a place holds. */
export function fileNameAt(place: Place): string {
  const path = "url" in place ? (URL.parse(place.url)?.pathname ?? "") : place.path;
  return path.split("/").findLast((part) => part !== "") ?? "";
}

/** A name for a downloaded file that is safe on every file system, the same for the same source. */
export function keyOf(description: string): string {
  return description.replaceAll(/[^\w.-]+/g, "-").slice(-150);
}
