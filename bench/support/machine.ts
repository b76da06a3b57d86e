import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";

/** What the figures were measured on, line by line: name and value. */
export function machine(): readonly (readonly [string, string])[] {
  return [
    ["CPU", `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores`],
    ["Memory", `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ["System", `${systemName()}, ${type()} ${release()}, ${arch()}`],
    ["Node", process.version],
    ["voxpool", `${versionOf("packages/server")}${commit()}`],
    ["sherpa-onnx-node", versionOf("node_modules/sherpa-onnx-node")],
  ];
}

/** Others that want the cores at this moment: the mean number of running processes of the last minute. */
export const loadAverage = (): number => loadavg()[0] ?? 0;

const repository = join(import.meta.dirname, "../..");

function versionOf(directory: string): string {
  const text = readFileSync(join(repository, directory, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function commit(): string {
  try {
    return `, commit ${execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: repository, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()}`;
  } catch {
    return "";
  }
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? type();
  } catch {
    return type();
  }
}
