import { connect } from "node:net";
import type { WebSocketMaker } from "@voxpool/client";
import type { Agent, WebSocketInit } from "undici";
import { ownerSocketPath } from "../base/owner-socket-path.ts";
import { stateDirectory } from "../base/paths.ts";
import type { CommandContext } from "./context.ts";

type Environment = Pick<CommandContext, "env">;

/**
 * Requests by the socket in the state directory, where the server of this user answers without a key; by the URL where
 * there is no such server. Looked for when the first request is made.
 */
export function ownerFetch({ env }: Environment): typeof fetch {
  let found: Promise<typeof fetch> | undefined;
  return async (url, init) => {
    found ??= findOwnerFetch(env);
    return (await found)(url, init);
  };
}

/** The same for live sessions. */
export async function ownerWebSocket({ env }: Environment): Promise<WebSocketMaker> {
  const [{ WebSocket }, dispatcher] = await Promise.all([import("undici"), ownerDispatcher(env)]);
  return class extends WebSocket {
    constructor(url: string, init?: WebSocketInit) {
      super(url, { ...init, dispatcher });
    }
  };
}

async function findOwnerFetch(env: CommandContext["env"]): Promise<typeof fetch> {
  const [{ fetch: fetchThrough }, dispatcher] = await Promise.all([import("undici"), ownerDispatcher(env)]);
  return ((url: string, init: object) => fetchThrough(url, { ...init, dispatcher })) as unknown as typeof fetch;
}

async function ownerDispatcher(env: CommandContext["env"]): Promise<Agent> {
  const [{ Agent }, socketPath] = await Promise.all([import("undici"), configuredPath(env)]);
  const isThere = socketPath !== undefined && (await answers(socketPath));
  // A model may take long to load, and events come when something happens.
  const patience = { headersTimeout: 0, bodyTimeout: 0 };
  return new Agent({ ...patience, ...(isThere && { connect: { socketPath } }) });
}

/** Undefined where the configuration does not say; what is wrong with it is not the matter of a command that asks a server. */
async function configuredPath(env: CommandContext["env"]): Promise<string | undefined> {
  try {
    const { loadConfig } = await import("../base/config.ts");
    const { config } = loadConfig({ env, flags: {}, onProblem: () => undefined });
    return ownerSocketPath(await stateDirectory(config));
  } catch {
    return undefined;
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const done = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", done(true)).once("error", done(false));
  });
}
