import { connect } from "node:net";
import type { WebSocketMaker } from "@voxpool/client";
import type { Agent } from "undici";
import { ownerSocketPath } from "../base/owner-socket-path.ts";
import { stateDirectory } from "../base/paths.ts";
import { patience } from "../base/trusted-agent.ts";
import type { CommandContext } from "./context.ts";
import { fetchThrough, webSocketThrough } from "./dispatched.ts";

type Environment = Pick<CommandContext, "env">;

/**
 * Requests by the socket in the state directory, where the server of this user answers without a key; by the URL where
 * there is no such server. Looked for when the first request is made.
 */
export function ownerFetch({ env }: Environment): typeof fetch {
  return fetchThrough(() => ownerDispatcher(env));
}

/** The same for live sessions. */
export function ownerWebSocket({ env }: Environment): Promise<WebSocketMaker> {
  return webSocketThrough(() => ownerDispatcher(env));
}

async function ownerDispatcher(env: CommandContext["env"]): Promise<Agent> {
  const [{ Agent }, socketPath] = await Promise.all([import("undici"), configuredPath(env)]);
  const isThere = socketPath !== undefined && (await answers(socketPath));
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
