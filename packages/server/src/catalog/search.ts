import type { CatalogEntry, CatalogQuery } from "@voxpool/client/contract";
import { type MessageLanguage, VoxpoolError } from "../base/errors.ts";
import { normaliseLanguage } from "../engine/text/language.ts";
import { downloadBytes, isPinned, type Known } from "./known-models.ts";
import { describeSource } from "./sources.ts";
import type { Catalog } from "./types.ts";
import { unknownName } from "./unknown-name.ts";

/**
 * The entries of a catalogue that fit, in its order, with what of them is on disk. The words of the query all have to
 * be in name, titles, engine, family, licence or languages, in any case.
 * @throws VoxpoolError `option_invalid` for what is no language
 */
export async function searchCatalog(
  known: readonly Known[],
  catalog: Pick<Catalog, "list">,
  { query = "", language }: CatalogQuery,
  messageLanguage: MessageLanguage,
): Promise<CatalogEntry[]> {
  const tag = language === undefined ? undefined : languageTag(language);
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = known.filter((model) => knowsLanguage(model, tag) && words.every((word) => hasWord(model, word)));
  return toEntries(found, catalog, messageLanguage);
}

/** One entry. @throws VoxpoolError `download_unknown` */
export async function findInCatalog(
  known: readonly Known[],
  catalog: Pick<Catalog, "list">,
  name: string,
  messageLanguage: MessageLanguage,
): Promise<CatalogEntry> {
  const found = known.filter((model) => model.name === name);
  const [entry] = await toEntries(found, catalog, messageLanguage);
  if (entry !== undefined) return entry;
  throw unknownName(
    name,
    known.map((model) => model.name),
  );
}

function languageTag(language: string): string {
  const tag = normaliseLanguage(language);
  if (tag !== undefined) return tag;
  throw new VoxpoolError("option_invalid", {
    option: "language",
    detail: "unknown language; send for example en or zh",
  });
}

/** One that names no languages knows very many. */
function knowsLanguage({ model }: Known, tag: string | undefined): boolean {
  return tag === undefined || model.languages.length === 0 || model.languages.includes(tag);
}

/** A word may also be the name of a language: `Chinese`, `中文`. */
function hasWord({ name, title, licence, model }: Known, word: string): boolean {
  const { engine, family, languages } = model;
  const text = [name, title.en, title.zh, engine, family, licence, ...languages].join("\n").toLowerCase();
  const tag = word.length > 2 || /\P{ASCII}/u.test(word) ? normaliseLanguage(word) : undefined;
  return text.includes(word) || (tag !== undefined && languages.includes(tag));
}

async function toEntries(
  found: readonly Known[],
  catalog: Pick<Catalog, "list">,
  messageLanguage: MessageLanguage,
): Promise<CatalogEntry[]> {
  if (found.length === 0) return [];
  const installed = new Map((await catalog.list()).map(({ id, modelPath }) => [id, modelPath]));
  return found.map((model) => toEntry(model, installed.get(model.name), messageLanguage));
}

function toEntry(model: Known, modelPath: string | undefined, language: MessageLanguage): CatalogEntry {
  const { name, title, licence, parts } = model;
  const { engine, family, languages } = model.model;
  const bytes = downloadBytes(model);
  return {
    name,
    title: title[language],
    engine,
    family,
    languages: [...languages],
    licence,
    ...(bytes !== undefined && { size_bytes: bytes }),
    pinned: isPinned(model),
    sources: parts.flat().map(describeSource),
    installed: modelPath !== undefined,
    ...(modelPath !== undefined && { model_path: modelPath }),
  };
}
