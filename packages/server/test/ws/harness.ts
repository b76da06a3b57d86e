import type { TestContext } from "node:test";
import type { LiveOptions } from "@voxpool/client/contract";
import type { Api } from "../../dist/api/types.js";
import type { HttpConfig, HttpServerOptions } from "../../dist/gateway/http/server.js";
import { createTestServer, type TestServer } from "../gateway/harness.ts";
import { ScriptedLive } from "./scripted-live.ts";
import { connect, type Event, type StreamClient } from "./socket.ts";

export interface LiveServer {
  readonly server: TestServer;
  /** Of `/api/stream`, with `ws:`. */
  readonly url: string;
  readonly port: number;
  /** The sessions that were opened, in order. */
  readonly lives: ScriptedLive[];
  /** Connects, and begins a session. */
  readonly begin: (
    options?: LiveOptions,
  ) => Promise<{ client: StreamClient; live: ScriptedLive; ready: Event<"ready"> }>;
}

export interface LiveServerOptions extends Partial<Pick<HttpServerOptions, "pingMs" | "headTimeoutMs">> {
  readonly config?: Partial<HttpConfig>;
  readonly openLive?: Api["openLive"];
}

/** The real HTTP server, whose live sessions the test leads. */
export async function startLiveServer(t: TestContext, options: LiveServerOptions = {}): Promise<LiveServer> {
  const lives: ScriptedLive[] = [];
  const openScripted: Api["openLive"] = async (request, caller) => {
    const live = new ScriptedLive(request, caller);
    lives.push(live);
    return live;
  };
  const server = createTestServer(t, { openLive: openScripted, ...options });
  const { port } = await server.listen();
  const url = `ws://127.0.0.1:${port}/api/stream`;
  return {
    server,
    url,
    port,
    lives,
    async begin(wishes = {}) {
      const client = await connect(t, url);
      client.send({ type: "start", ...wishes });
      const ready = await client.until("ready");
      return { client, ready, live: lives.at(-1) as ScriptedLive };
    },
  };
}
