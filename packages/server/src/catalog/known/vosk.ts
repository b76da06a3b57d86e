import type { Known } from "../known-models.ts";
import type { ArchiveSource } from "../sources.ts";

export interface VoskArchive {
  /** Its name without `.zip`, which is also the folder in it. */
  readonly archive: string;
  readonly sha256?: string;
  readonly bytes?: number;
  readonly unpackedBytes?: number;
  /** Repositories of Hugging Face that keep the very same archive in a folder. */
  readonly copies: readonly { readonly repo: string; readonly folder: string }[];
}

/** A model of Vosk: at its makers first, then where copies are; all have to have the same bytes. */
export function voskArchive({ archive, copies, ...known }: VoskArchive): Known["parts"][number] {
  const common = { kind: "archive", take: [{ under: archive }], ...known } as const;
  return [
    { ...common, at: { url: `https://alphacephei.com/vosk/models/${archive}.zip` } },
    ...copies.map(
      ({ repo, folder }): ArchiveSource => ({
        ...common,
        at: { hub: "huggingface", repo, path: `${folder}/${archive}.zip` },
      }),
    ),
  ];
}
