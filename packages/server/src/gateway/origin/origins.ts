import { isIPv6 } from "node:net";
import { hostname } from "node:os";
import { VoxpoolError } from "../../base/errors.ts";
import { hostNameOf, isPrivateName } from "./host-name.ts";

export interface OriginSettings {
  /** Origins whose pages may use the server from elsewhere, or `*`: `cors.origins`. */
  readonly origins: readonly string[];
  /** Names by which browsers reach the server: `http.hosts`. */
  readonly hosts: readonly string[];
  /** Of this machine. */
  readonly ownNames?: readonly string[];
}

/** What a browser says of the page that sends a request. */
export interface Asking {
  readonly method: string;
  /** `Origin` */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, `-Mode` and `-Dest` */
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly destination: string | undefined;
  /** As the browser knows the server: `Host`, or what a trusted proxy says of it. */
  readonly host: string | undefined;
  /** Whether it knows it by HTTPS. */
  readonly isHttps: boolean;
}

export type Verdict =
  /** No page, or one of the server's own. */
  | { readonly type: "own" }
  /** A page of another origin that is let in; `allow` is what it has to be told. */
  | { readonly type: "let-in"; readonly allow: string; readonly withCredentials: boolean }
  | { readonly type: "foreign"; readonly origin: string }
  /** It seems to be a page of our own, under a name that may be anybody's. */
  | { readonly type: "unknown-host"; readonly host: string };

/** Judges which page a request comes from. */
export interface Origins {
  judge(asking: Asking): Verdict;
  /** Whether answers differ by `Origin`. */
  readonly isConfigured: boolean;
}

/** @throws VoxpoolError `config_invalid` for what is no origin and no name */
export function createOrigins({ origins, hosts, ownNames = namesOf(hostname()) }: OriginSettings): Origins {
  const letIn = new Set(origins.map(originIn));
  const known = new Set([...ownNames, ...hosts.map(nameIn)]);
  return {
    isConfigured: letIn.size > 0,
    judge(asking) {
      if (asking.origin === undefined) return judgeSite(asking, letIn.has("*"));
      const origin = standard(asking.origin);
      if (origin !== undefined && letIn.has(origin)) {
        return { type: "let-in", allow: asking.origin, withCredentials: true };
      }
      if (letIn.has("*")) return { type: "let-in", allow: "*", withCredentials: false };
      return judgeOrigin(asking, origin, known);
    },
  };
}

const own: Verdict = { type: "own" };

/** Without an `Origin`: a plain client, a link that somebody followed, or a page that embeds what is here. */
function judgeSite({ method, site, mode, destination }: Asking, isOpen: boolean): Verdict {
  if (site !== "cross-site" && site !== "same-site") return own;
  const isLink = mode === "navigate" && destination === "document" && (method === "GET" || method === "HEAD");
  return isOpen || isLink ? own : { type: "foreign", origin: site };
}

function judgeOrigin(
  { origin = "", host = "", isHttps }: Asking,
  page: string | undefined,
  known: ReadonlySet<string>,
): Verdict {
  const foreign: Verdict = { type: "foreign", origin };
  const name = hostNameOf(host);
  if (page === undefined || name === undefined) return foreign;
  // A proxy in front may have taken HTTPS off; nothing can have put it on.
  const schemes = isHttps ? ["https"] : ["http", "https"];
  if (!schemes.some((scheme) => standard(`${scheme}://${host}`) === page)) return foreign;
  // By HTTPS the certificate has shown whose name it is.
  return isHttps || isPrivateName(name) || known.has(name) ? own : { type: "unknown-host", host: name };
}

/** An origin without the port that its scheme has anyway. Undefined: it is none; so `null`, which any page can be. */
function standard(origin: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,*]*$/i.test(origin) || !URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  // Other schemes, those of applications, have an opaque origin in Node, and a host that is theirs.
  return url.origin === "null" ? origin.toLowerCase() : url.origin;
}

function originIn(text: string): string {
  const origin = text === "*" ? text : standard(text);
  if (origin !== undefined) return origin;
  const detail = `${text.slice(0, 100)} is no origin; write https://app.example:8443, without a path, or *`;
  throw new VoxpoolError("config_invalid", { source: "cors.origins", detail });
}

function nameIn(text: string): string {
  const name = text.includes(":") && !isIPv6(text) ? undefined : hostNameOf(isIPv6(text) ? `[${text}]` : text);
  if (name !== undefined) return name;
  const detail = `${text.slice(0, 100)} is no host name; write asr.example.com, without scheme and port`;
  throw new VoxpoolError("config_invalid", { source: "http.hosts", detail });
}

function namesOf(machine: string): readonly string[] {
  const name = hostNameOf(machine);
  return name === undefined ? [] : [name];
}
