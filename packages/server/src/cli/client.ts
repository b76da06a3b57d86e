import { hostname, userInfo } from "node:os";
import { type ClientOptions, ModelAPIClient } from "@voxpool/client";
import { inChinese } from "../base/phrases.ts";
import { type CommandContext, UsageError } from "./context.ts";
import { ownerFetch, ownerWebSocket } from "./owner-wire.ts";
import { trustedWire } from "./trusted-wire.ts";

/** Where the server is when nothing else is said. Not `localhost`: that may be looked up as IPv6 first. */
export const defaultUrl = "http://127.0.0.1:5000/api";

/** Flags of every command that asks a server. */
export interface ClientFlags {
  readonly url?: string;
  readonly key?: string;
  readonly cacert?: string;
  readonly json?: boolean;
}

/**
 * A client of the server that the flags or `VOXPOOL_URL`, `VOXPOOL_KEY` and `VOXPOOL_CACERT` name, which ends with the
 * command. @throws UsageError if the URL, the key or the certificate cannot be used
 */
export function createClient(
  flags: ClientFlags,
  context: CommandContext,
  live: Pick<ClientOptions, "WebSocket"> = {},
): ModelAPIClient {
  const url = flags.url === undefined ? context.env.VOXPOOL_URL || defaultUrl : withScheme(flags.url);
  const key = flags.key ?? (context.env.VOXPOOL_KEY || undefined);
  try {
    return new ModelAPIClient(url, {
      ...(key === undefined ? {} : { key }),
      ...live,
      ...fetchOf(flags, context),
      headers: { "accept-language": context.language },
      signal: context.signal,
      clientId: commandLineId(),
      // A command ends long before the model may go: another one gives the hold back.
      leaseMs: null,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(aboutUrl(error.message, flags.url === undefined ? "VOXPOOL_URL" : "--url", context));
  }
}

function fetchOf(flags: ClientFlags, context: CommandContext): Pick<ClientOptions, "fetch"> {
  if (!isNamed(flags, context)) return { fetch: ownerFetch(context) };
  const trusted = trustedWire(flags.cacert, context);
  return trusted === undefined ? {} : { fetch: trusted.fetch };
}

/** The same for commands with live sessions. @throws UsageError as `createClient` does */
export async function createLiveClient(flags: ClientFlags, context: CommandContext): Promise<ModelAPIClient> {
  if (isNamed(flags, context)) {
    const trusted = trustedWire(flags.cacert, context);
    return createClient(flags, context, trusted && { WebSocket: await trusted.webSocket() });
  }
  return createClient(flags, context, { WebSocket: await ownerWebSocket(context) });
}

/** Whether somebody said which server is meant. */
const isNamed = ({ url }: ClientFlags, { env }: CommandContext): boolean =>
  url !== undefined || Boolean(env.VOXPOOL_URL);

/** The same for each command of a user of a machine: what one command loads, a later one can give back. */
export function commandLineId(userName: () => string = () => userInfo().username, host: string = hostname()): string {
  // A user without an entry in the system, as in a container, has no name.
  const user = (() => {
    try {
      return userName();
    } catch {
      return String(process.getuid?.() ?? "user");
    }
  })();
  return `cli:${user}@${host}`.slice(0, 200);
}

/** `127.0.0.1:5000` is typed more often than the whole of it. */
function withScheme(url: string): string {
  return /^[^/:\s]+:\d+(\/|$)/.test(url) ? `http://${url}` : url;
}

/** What the SDK calls `baseUrl` was given here in another place. */
function aboutUrl(message: string, place: string, { language }: CommandContext): string {
  if (!message.startsWith("baseUrl")) return message;
  return language === "zh" ? `${place}：${inChinese(message)}` : message.replace("baseUrl", place);
}
