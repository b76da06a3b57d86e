import { once } from "node:events";
import { createServer } from "node:net";
import { ModelAPIClient } from "@voxpool/client";
import type { Config } from "../base/settings.ts";
import { portOwner } from "./port-owner.ts";
import { type Finding, ok, type Probe, problem } from "./types.ts";

/** Whether a server could listen, or who does. */
export const portProbe: Probe = {
  name: "port",
  title: { en: "port", zh: "端口" },
  limitSeconds: 10,
  async run({ config }, signal) {
    const { host, port } = config;
    const trouble = await tryListening(config);
    if (trouble === undefined) {
      return [ok({ en: `${host} port ${port} is free`, zh: `${host} 的端口 ${port} 空闲` })];
    }
    if (trouble.code === "EADDRINUSE") return [await takenFinding(config, signal)];
    return [
      problem(
        {
          en: `cannot listen on ${host} port ${port}: ${trouble.message}`,
          zh: `无法监听 ${host} 的端口 ${port}：${trouble.message}`,
        },
        trouble.code === "EACCES"
          ? {
              en: "ports below 1024 need rights of their own; take another one: --port 5000",
              zh: "1024 以下的端口需要特权；请换一个：--port 5000",
            }
          : { en: "check host and port of the configuration", zh: "请检查配置中的 host 和 port" },
      ),
    ];
  },
};

async function tryListening({ host, port }: Config): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    server.close();
  }
}

async function takenFinding({ host, port }: Config, signal: AbortSignal): Promise<Finding> {
  const isAny = host === "" || host === "0.0.0.0" || host === "::";
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const client = new ModelAPIClient(`http://${name}:${port}/api`, { retry: false, signal });
  const health = await client.checkHealth({ timeoutMs: 3000 });
  if (health.success && typeof health.version === "string") {
    const { version } = health;
    return ok({
      en: `a voxpool server (${version}) answers on port ${port}`,
      zh: `端口 ${port} 上有 voxpool 服务器（${version}）`,
    });
  }
  const owner = await portOwner(port);
  const advice = {
    en: `take another one: --port ${port + 1}`,
    zh: `请换一个端口：--port ${port + 1}`,
  };
  if (owner === undefined) {
    return problem({ en: `port ${port} is taken by another program`, zh: `端口 ${port} 已被其他程序占用` }, advice);
  }
  const who = `${owner.name} (${owner.pid})`;
  return problem({ en: `port ${port} is taken by ${who}`, zh: `端口 ${port} 已被 ${who} 占用` }, advice);
}
