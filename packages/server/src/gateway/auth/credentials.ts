import type { IncomingHttpHeaders } from "node:http";

/** What a caller shows to say who it is. */
export type Credential =
  | { readonly type: "key"; readonly secret: string }
  | { readonly type: "ticket"; readonly text: string };

/** What the OpenAI SDK offers as a subprotocol in browsers, with the key behind it. */
const openAiSubprotocol = "openai-insecure-api-key.";
/** The same for our own SDK's sockets and others that can set nothing but subprotocols. */
const subprotocols = [openAiSubprotocol, "voxpool-key."];

/**
 * What a request shows, wherever it carries it: `Authorization: Bearer KEY`, HTTP Basic with the key as its password,
 * `X-API-Key`, a subprotocol of a WebSocket, or the query parameter `ticket`. What is there first in this order counts.
 */
export function credentialIn(headers: IncomingHttpHeaders, query?: unknown): Credential | undefined {
  const secret =
    inAuthorization(headers.authorization) ??
    textIn(headers["x-api-key"]) ??
    inSubprotocols(headers["sec-websocket-protocol"]);
  if (secret !== undefined) return { type: "key", secret };
  const text = parameterIn(query, "ticket");
  return text === undefined ? undefined : { type: "ticket", text };
}

function inAuthorization(header: string | undefined): string | undefined {
  const [, scheme = "", value = ""] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return textIn(value);
  return scheme.toLowerCase() === "basic" ? passwordIn(value) : undefined;
}

/** The user's name says nothing: URLs need one in front of the password. Alone it is the key, as in `curl -u KEY:`. */
function passwordIn(base64: string): string | undefined {
  const text = Buffer.from(base64, "base64").toString("utf8");
  const colon = text.indexOf(":");
  const password = colon < 0 ? "" : text.slice(colon + 1);
  return textIn(password === "" && colon > 0 ? text.slice(0, colon) : password);
}

function inSubprotocols(header: string | undefined): string | undefined {
  for (const offered of (header ?? "").split(",")) {
    const name = offered.trim();
    const prefix = subprotocols.find((one) => name.startsWith(one));
    if (prefix !== undefined) return textIn(name.slice(prefix.length));
  }
  return undefined;
}

/** One value of a query, if it was sent once. */
function parameterIn(query: unknown, name: string): string | undefined {
  return textIn(typeof query === "object" && query !== null ? Reflect.get(query, name) : undefined);
}

const textIn = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
