import { availableParallelism, totalmem } from "node:os";
import { type Finding, note, ok, type Probe, problem, same } from "./types.ts";

export const nodeProbe: Probe = {
  name: "node",
  title: { en: "Node and configuration", zh: "Node 与配置" },
  limitSeconds: 5,
  async run({ configFile }) {
    const { version, platform, arch } = process;
    return [
      ok(same(`${version}, ${platform} ${arch}`)),
      configFile === undefined
        ? ok({ en: "no configuration file: defaults, environment, flags", zh: "无配置文件：默认值、环境变量、选项" })
        : ok({ en: `configuration from ${configFile}`, zh: `配置来自 ${configFile}` }),
    ];
  },
};

/** With Moonshine tiny a process of a model takes 0.5 GB at most, the server 0.2 GB. */
const littleBytes = 700e6;
/** Larger models take this much. */
const comfortableBytes = 2e9;

export const memoryProbe: Probe = {
  name: "memory",
  title: { en: "memory and cores", zh: "内存与核数" },
  limitSeconds: 5,
  run: async () =>
    memoryFindings(process.availableMemory(), totalmem(), process.constrainedMemory(), availableParallelism()),
};

/**
 * @param availableBytes what this process can still get, the limit of its container considered
 * @param limitBytes of the container or control group; 0 or beyond the machine: none
 */
export function memoryFindings(
  availableBytes: number,
  totalBytes: number,
  limitBytes: number,
  cores: number,
): readonly Finding[] {
  const isLimited = limitBytes > 0 && limitBytes < totalBytes;
  const most = gigabytes(isLimited ? limitBytes : totalBytes);
  const text = {
    en: `${gigabytes(availableBytes)} free of ${most}${isLimited ? " (limit of this container or group)" : ""}; ${cores} cores`,
    zh: `可用 ${gigabytes(availableBytes)}，共 ${most}${isLimited ? "（本容器或控制组的上限）" : ""}；${cores} 核`,
  };
  if (availableBytes < littleBytes) {
    return [
      problem(text, {
        en: "even a small model needs about 0.7 GB; end other programs, or give the container more",
        zh: "小模型也需要约 0.7 GB；请关闭其他程序，或提高容器上限",
      }),
    ];
  }
  if (availableBytes < comfortableBytes) {
    return [
      note(text, {
        en: "enough for small models; large ones take 1 to 4 GB",
        zh: "足够小模型使用；大模型需 1 至 4 GB",
      }),
    ];
  }
  return [ok(text)];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
