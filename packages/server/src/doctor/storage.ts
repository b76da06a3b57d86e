import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { stateOwner } from "../base/state-lock.ts";
import { type Finding, note, ok, type Probe, problem } from "./types.ts";

/** Whether the state directory can be used, and which server has it. It is not made. */
export const stateProbe: Probe = {
  name: "state_dir",
  title: { en: "state directory", zh: "状态目录" },
  limitSeconds: 10,
  async run({ stateDir }) {
    const nearest = existing(stateDir);
    const otherwise = {
      en: "choose another one: --state-dir DIR, or state_dir in the configuration",
      zh: "请另选目录：--state-dir DIR，或配置中的 state_dir",
    };
    if (!isWritable(nearest)) {
      return [problem({ en: `${nearest} cannot be written`, zh: `${nearest} 不可写` }, otherwise)];
    }
    if (nearest !== resolve(stateDir)) {
      return [ok({ en: `${stateDir} is made at the first start`, zh: `${stateDir} 将在首次启动时创建` })];
    }
    return [ownerFinding(stateDir)];
  },
};

/** By what a server writes down of itself. The lock is left alone: a server that starts just then would be refused. */
function ownerFinding(stateDir: string): Finding {
  const owner = stateOwner(stateDir);
  if (owner === undefined) return ok({ en: `${stateDir}, no server uses it`, zh: `${stateDir}，没有服务器在使用` });
  const { pid, url } = owner;
  const [at, where] = url === undefined ? ["", ""] : [` (${url})`, `（${url}）`];
  return ok({
    en: `${stateDir}, used by the server of process ${pid}${at}`,
    zh: `${stateDir}，正被进程 ${pid} 的服务器使用${where}`,
  });
}

/** Less than this and nothing can be fetched or received. */
const littleBytes = 500e6;
/** Room for some models. */
const comfortableBytes = 3e9;

export const diskProbe: Probe = {
  name: "disk",
  title: { en: "disk", zh: "磁盘" },
  limitSeconds: 10,
  async run({ config, stateDir }) {
    const directories = [stateDir, ...config.model_dir].map(existing);
    return Promise.all([...new Set(directories)].map(roomFinding));
  },
};

async function roomFinding(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  const bytes = bavail * bsize;
  const gigabytes = (bytes / 1e9).toFixed(1);
  const text = { en: `${gigabytes} GB free at ${directory}`, zh: `${directory} 剩余 ${gigabytes} GB` };
  if (bytes < littleBytes) {
    const advice = { en: "make room: uploads and models need it", zh: "请腾出空间：上传与模型都需要" };
    return problem(text, advice);
  }
  return bytes < comfortableBytes ? note(text, { en: "little room for models", zh: "可存放的模型不多" }) : ok(text);
}

/** The directory, or the nearest one above it that is there. */
function existing(directory: string): string {
  let path = resolve(directory);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  return path;
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
