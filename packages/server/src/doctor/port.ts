import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { neighbourAt } from "../base/neighbour.ts";
import { inChinese } from "../base/phrases.ts";
import type { Config } from "../base/settings.ts";
import { systemText } from "../base/system-text.ts";
import { hasListener, mayListen, portOwner } from "./port-tables.ts";
import { type Finding, ok, type Probe, problem } from "./types.ts";

/**
 * Whether a server could listen, or who does. The port itself is never taken, not for a moment: a server that starts
 * just then would be refused.
 */
export const portProbe: Probe = {
  name: "port",
  title: { en: "port", zh: "端口" },
  limitSeconds: 10,
  async run({ config }, signal) {
    const { host, port } = config;
    const trouble = await addressTrouble(host);
    if (trouble !== undefined) return [cannotListen(config, trouble)];
    if (port !== 0 && (await isTaken(config))) return [await takenFinding(config, signal)];
    if (!(await mayListen(port))) return [needsRights(config)];
    return [ok({ en: `${host} port ${port} is free`, zh: `${host} 的端口 ${port} 空闲` })];
  },
};

/** Why nothing can listen at the address, tried with a port that the system chooses. */
async function addressTrouble(host: string): Promise<Error | undefined> {
  const server = createServer();
  try {
    server.listen(0, host);
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    server.close();
  }
}

/** A server that listens answers at once, or its queue is full. */
const patienceMs = 2000;

async function isTaken({ host, port }: Config): Promise<boolean> {
  const socket = connect({ host: nameOf(host), port });
  const silence = pause(patienceMs, false, { ref: false });
  const isOpen = once(socket, "connect").then(
    () => true,
    () => false,
  );
  const answers = await Promise.race([isOpen, silence]);
  socket.on("error", () => undefined).destroy();
  // Whoever listens at one address of this machine is in the way of all of them.
  return answers || (isAny(host) && (await hasListener(port)));
}

async function takenFinding({ host, port }: Config, signal: AbortSignal): Promise<Finding> {
  const name = nameOf(host);
  const found = await neighbourAt(name.includes(":") ? `[${name}]` : name, port);
  signal.throwIfAborted();
  if (found !== undefined) {
    const { version } = found;
    return ok({
      en: `a voxpool server (${version}) answers on port ${port}`,
      zh: `端口 ${port} 上有 voxpool 服务器（${version}）`,
    });
  }
  const owner = await portOwner(port);
  const other = port < 65_535 ? port + 1 : port - 1;
  const advice = { en: `take another one: --port ${other}`, zh: `请换一个端口：--port ${other}` };
  if (owner === undefined) {
    return problem({ en: `port ${port} is taken by another program`, zh: `端口 ${port} 已被其他程序占用` }, advice);
  }
  const who = `${owner.name} (${owner.pid})`;
  return problem({ en: `port ${port} is taken by ${who}`, zh: `端口 ${port} 已被 ${who} 占用` }, advice);
}

function cannotListen({ host, port }: Config, trouble: Error): Finding {
  const why = systemText(trouble);
  return problem(
    {
      en: `cannot listen on ${host} port ${port}: ${why}`,
      zh: `无法监听 ${host} 的端口 ${port}：${inChinese(why)}`,
    },
    { en: "check host and port of the configuration", zh: "请检查配置中的 host 和 port" },
  );
}

function needsRights({ port }: Config): Finding {
  return problem(
    { en: `this user may not listen on port ${port}`, zh: `当前用户无权监听端口 ${port}` },
    {
      en: "low ports need rights of their own; take another one: --port 5000",
      zh: "低位端口需要特权；请换一个：--port 5000",
    },
  );
}

function isAny(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}

/** Where a server that listens there is reached on this machine. */
function nameOf(host: string): string {
  return isAny(host) ? "127.0.0.1" : host;
}
