import { ModelAPIClient } from "@voxpool/client";
import type { CommandContext } from "../context.ts";
import { say } from "../output.ts";

/** A client of a pool in this process, without a server. */
export interface LocalClient {
  readonly client: ModelAPIClient;
  /** Ends the pool and its processes. */
  close(): Promise<void>;
}

/** Set up by the environment and voxpool.yaml, as a server would be. @throws VoxpoolError `config_invalid` */
export async function createLocalClient(context: CommandContext): Promise<LocalClient> {
  const { env, language, signal } = context;
  const { loadConfig } = await import("../../base/config.ts");
  const { config } = loadConfig({ env, flags: {}, language });
  // The whole server hangs on this: only who wants it loads it.
  const { createLocalTransport } = await import("../../local.ts");
  const fetched = new Set<string>();
  const transport = await createLocalTransport({
    settings: config,
    onProgress({ name }) {
      if (fetched.has(name)) return;
      fetched.add(name);
      say(context, language === "zh" ? `正在下载 ${name}` : `fetching ${name}`);
    },
  });
  const headers = { "accept-language": language };
  const spoken: typeof transport = {
    ...transport,
    send: (request) => transport.send({ ...request, headers: { ...headers, ...request.headers } }),
  };
  return { client: new ModelAPIClient(undefined, { transport: spoken, signal }), close: () => transport.close() };
}
