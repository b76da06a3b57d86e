import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { ownerSocketPath } from "../../packages/server/dist/base/owner-socket-path.js";

/** Makes a key of a server that runs, as its owner. @returns its secret */
export async function createKey(stateDirectory: string, name: string, scopes: readonly string[]): Promise<string> {
  const outgoing = request({
    socketPath: ownerSocketPath(stateDirectory),
    path: "/api/keys",
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  outgoing.end(JSON.stringify({ name, scopes }));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const answer = (await json(response)) as { readonly secret?: string; readonly message?: string };
  if (answer.secret === undefined) throw new Error(`no key: ${answer.message}`);
  return answer.secret;
}
