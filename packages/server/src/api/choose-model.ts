import { VoxpoolError } from "../base/errors.ts";
import type { Catalog, ModelFolder } from "../catalog/catalog.ts";
import { knownModels } from "../catalog/known-models.ts";
import { normaliseLanguage } from "../engine/text/language.ts";
import type { Names } from "../pool/names.ts";
import type { Pool } from "../pool/types.ts";
import { defaultModelPath, fallbackModel, ifThere, isAbsence } from "./default-model.ts";
import { isLoaded, resolve } from "./models.ts";

export interface ChooseParts {
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly names: Names;
  /** `default_model` of the configuration. */
  readonly configuredDefault: string;
}

export interface Wish {
  readonly modelPath?: string | undefined;
  /** As the caller wrote it: `zh-CN`, `cn`, `Chinese`. */
  readonly language?: string | undefined;
}

export interface Choice {
  readonly folder: ModelFolder;
  /** BCP 47 primary tag of the wished language. */
  readonly language?: string;
}

/**
 * The model that serves a request. A named one is taken as it is (whether it knows the language is checked once it
 * is loaded). Else the default, and with a language the best that knows it: the default, one that is loaded, one on
 * disk. Never one of another language.
 * @throws VoxpoolError `option_invalid`, `model_path_invalid`, `model_not_found`, `model_folder_empty`,
 * `no_model`
 */
export async function chooseModel(parts: ChooseParts, wish: Wish): Promise<Choice> {
  const language = wish.language === undefined ? undefined : languageTag(wish.language);
  if (wish.modelPath !== undefined) return choice(await resolve(parts, wish.modelPath), language);
  const standardPath = await defaultModelPath(parts.catalog, parts.configuredDefault);
  const standard = await ifThere(resolve(parts, standardPath));
  if (language === undefined) {
    if (standard) return { folder: standard };
    await resolve(parts, standardPath).catch((error: unknown) => {
      // A folder that was named and made but is empty is best told by its own error.
      if (!isAbsence(error) || error.reason === "model_folder_empty") throw error;
    });
    const detail = `the default model ${standardPath} is not there`;
    throw new VoxpoolError("no_model", { detail, suggestion: fallbackModel });
  }
  for (const folder of await candidates(parts, standard)) {
    if ((await languagesOf(parts, folder)).includes(language)) return { folder, language };
  }
  throw noModelFor(language);
}

/** Engines that recognise no speech. */
const punctuators: readonly string[] = ["sherpa-punctuation"];

/** Names what can be pulled for the language; where the catalogue has nothing, it says so. */
function noModelFor(language: string): VoxpoolError {
  const recognisers = knownModels.filter(({ model }) => !punctuators.includes(model.engine));
  const names = recognisers.filter(({ model }) => model.languages.includes(language)).map(({ name }) => name);
  const [suggestion] = names;
  if (suggestion === undefined) return new VoxpoolError("no_model_for_language", { language });
  const detail = `none of the models on disk is known to recognise ${language}`;
  return new VoxpoolError("no_model", { detail, suggestion, names: names.join(", ") });
}

function languageTag(name: string): string {
  const tag = normaliseLanguage(name);
  if (tag !== undefined) return tag;
  throw new VoxpoolError("option_invalid", {
    option: "language",
    detail: `unknown language; send for example en or zh`,
  });
}

const choice = (folder: ModelFolder, language: string | undefined): Choice => ({
  folder,
  ...(language !== undefined && { language }),
});

async function candidates(
  { catalog, pool, names }: ChooseParts,
  standard: ModelFolder | undefined,
): Promise<ModelFolder[]> {
  const loaded = pool.list().filter(isLoaded);
  const serving = loaded.map(({ folder }) => folder).filter((folder) => names.isServing(folder));
  return [...(standard ? [standard] : []), ...serving, ...(await names.serving(await catalog.list()))];
}

async function languagesOf({ catalog, pool }: ChooseParts, folder: ModelFolder): Promise<readonly string[]> {
  const info = pool.find(folder)?.info;
  if (info) return info.input === "text" ? [] : info.languages;
  return catalog.describe(folder).then(
    (spec) => (punctuators.includes(spec.engine) ? [] : spec.languages),
    () => [],
  );
}
