import { VoxpoolError } from "../base/errors.ts";

/** The first part of every path of the server's own: a base path that is one of them could not be told from it. */
const own: ReadonlySet<string> = new Set(["api", "v1", "v2", "docs", "openapi.json", "livez", "readyz", "metrics"]);

/**
 * The prefix below which a proxy shows the server, as `/speech`; empty if there is none.
 * @throws VoxpoolError `config_invalid`
 */
export function basePathOf(setting: string): string {
  const path = setting.replace(/\/+$/, "");
  if (path === "") return "";
  if (!/^(?:\/[\w.~-]+)+$/.test(path) || /\/\.\.?(?:\/|$)/.test(path)) {
    throw wrong(`${setting.slice(0, 100)} is no path; write it like /speech`);
  }
  const [, first = ""] = path.split("/");
  if (own.has(first)) throw wrong(`paths of the server itself begin with /${first}; choose another one, like /speech`);
  return path;
}

function wrong(detail: string): VoxpoolError {
  return new VoxpoolError("config_invalid", { source: "http.base_path", detail });
}

/** A request's URL below the base path, whether or not the proxy has taken that off. */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : url;
}
