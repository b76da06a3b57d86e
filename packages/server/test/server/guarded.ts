import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { KeyCreateRequest, KeySecretAnswer } from "@voxpool/client/contract";
import { Agent, fetch as fetchThrough } from "undici";
import { ownerSocketPath } from "../../dist/base/owner-socket-path.js";
import type { Config } from "../../dist/base/settings.js";
import { type Running, startRunning } from "./running.ts";

/** A server that asks for keys. */
export interface Guarded extends Running {
  /** Asks over the owner's socket. */
  readonly asOwner: (path: string, body?: object) => Promise<{ readonly status: number; readonly body: Answer }>;
  /** Makes a key; its secret. */
  readonly make: (request: KeyCreateRequest) => Promise<string>;
  /** Asks with a key. */
  readonly ask: (
    secret: string,
    path: string,
    body?: object,
  ) => Promise<{ readonly status: number; readonly body: Answer }>;
}

export type Answer = Record<string, unknown> & { readonly reason?: string };

/** Starts a server that asks for keys, with the models `cn` and `en/tiny`. */
export async function startGuarded(
  t: TestContext,
  config: Partial<Config> = {},
  logs?: Parameters<typeof startRunning>[3],
  reread?: (config: Config) => Config,
): Promise<Guarded> {
  const running = await startRunning(
    t,
    { cn: "tone", "en/tiny": "tone" },
    { "auth.required": true, "limits.failed_attempts": 0, ...config },
    logs,
    reread,
  );
  const agent = new Agent({ connect: { socketPath: ownerSocketPath(running.server.stateDir) } });
  t.after(() => agent.close());
  const asOwner: Guarded["asOwner"] = async (path, body) => {
    const answer = await fetchThrough(`http://owner${path}`, { ...post(body), dispatcher: agent });
    return { status: answer.status, body: (await answer.json()) as Answer };
  };
  return {
    ...running,
    asOwner,
    async make(request) {
      const { status, body } = await asOwner("/api/keys", request);
      assert.equal(status, 200, JSON.stringify(body));
      return (body as unknown as KeySecretAnswer).secret;
    },
    async ask(secret, path, body) {
      const init = post(body);
      const answer = await running.fetch(path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${secret}` },
      });
      return { status: answer.status, body: (await answer.json()) as Answer };
    },
  };
}

const post = (body: object | undefined) => ({
  ...(body && { method: "POST", body: JSON.stringify(body) }),
  headers: { "content-type": "application/json" },
});
