import type { Config } from "../base/settings.ts";
import { readNpmConfig } from "./npm-config.ts";
import type { Hub } from "./sources.ts";

/** Settings of downloads; empty or absent: what the environment says, else the public ones. */
export interface EndpointSettings {
  /** `download.npm_registry` */
  readonly npmRegistry?: string;
  /** `download.pypi_index` */
  readonly pypiIndex?: string;
  /** `download.hf_endpoint` */
  readonly hfEndpoint?: string;
  /** `download.modelscope_endpoint` */
  readonly modelscopeEndpoint?: string;
  /** `download.github_mirror` */
  readonly githubMirror?: string;
}

/** The settings of downloads, by their keys. */
export const endpointKeys = [
  "download.npm_registry",
  "download.pypi_index",
  "download.hf_endpoint",
  "download.modelscope_endpoint",
  "download.github_mirror",
] as const;

/** Those settings out of a configuration. */
export function endpointSettings(config: Pick<Config, (typeof endpointKeys)[number]>): Required<EndpointSettings> {
  return {
    npmRegistry: config["download.npm_registry"],
    pypiIndex: config["download.pypi_index"],
    hfEndpoint: config["download.hf_endpoint"],
    modelscopeEndpoint: config["download.modelscope_endpoint"],
    githubMirror: config["download.github_mirror"],
  };
}

/**
 * Where to ask, the preferred first; credentials may stand in an address (`https://user:password@host/`). Where the
 * user named one, nobody else is asked.
 */
export interface Endpoints {
  readonly npmRegistries: readonly string[];
  readonly pypiIndexes: readonly string[];
  readonly hubs: Readonly<Record<Hub, readonly string[]>>;
  /** Stands before addresses of github.com; empty: they are used as they are. */
  readonly githubMirror: string;
  /** Sent to the endpoints of Hugging Face alone. */
  readonly hfToken: string;
  /** Tokens of npm, by the address that they are for. */
  readonly npmTokens: Readonly<Record<string, string>>;
}

// What comes from a mirror is checked against the same hashes, so a mirror that nobody chose does no harm.
const publicNpm = ["https://registry.npmjs.org/", "https://registry.npmmirror.com/"];
const publicPypi = ["https://pypi.org/simple/", "https://pypi.tuna.tsinghua.edu.cn/simple/"];
const publicHuggingFace = ["https://huggingface.co/", "https://hf-mirror.com/"];
const publicModelScope = ["https://modelscope.cn/"];

/** The endpoints of the configuration, else of the environment as npm, pip and the hubs read it, else the public ones. */
export function endpointsFrom(settings: EndpointSettings, env: NodeJS.ProcessEnv = process.env): Endpoints {
  const npm = readNpmConfig(env);
  return {
    npmRegistries: chosen(settings.npmRegistry || npm.registry, publicNpm),
    pypiIndexes: chosen(settings.pypiIndex || env.PIP_INDEX_URL, publicPypi),
    hubs: {
      huggingface: chosen(settings.hfEndpoint || env.HF_ENDPOINT, publicHuggingFace),
      modelscope: chosen(settings.modelscopeEndpoint || env.MODELSCOPE_ENDPOINT, publicModelScope),
    },
    githubMirror: settings.githubMirror ?? "",
    hfToken: env.HF_TOKEN ?? "",
    npmTokens: npm.tokens,
  };
}

/** Those that the configuration or the environment names; the public ones are nobody's own. */
export function namedAddresses({ npmRegistries, pypiIndexes, hubs, githubMirror }: Endpoints): readonly string[] {
  const all = [...npmRegistries, ...pypiIndexes, ...hubs.huggingface, ...hubs.modelscope, githubMirror];
  const known = [...publicNpm, ...publicPypi, ...publicHuggingFace, ...publicModelScope];
  return all.filter((address) => address !== "" && !known.includes(address));
}

/** npm writes the public registry out as the default, which is then nobody's choice. */
function chosen(named: string | undefined, known: readonly string[]): readonly string[] {
  return named === undefined || named === "" || named === known[0] ? known : [named];
}

/** `path` below an address, whether that ends in a slash or not. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path}`;
}
