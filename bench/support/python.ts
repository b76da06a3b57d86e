import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Bench, Unavailable } from "./case.ts";

const fetchPatienceMs = 300_000;

/**
 * Packages of PyPI in an environment of their own, fetched once into the cache; never when only smoke is wanted.
 *
 * @param packages pinned, as pip takes them: `flask==3.1.3`
 * @returns the directory of its programs
 * @throws Unavailable without Python or a way to PyPI
 */
export function pythonPrograms({ cacheDirectory, smoke, say }: Bench, packages: readonly string[]): string {
  const directory = join(cacheDirectory, "python");
  const programs = join(directory, process.platform === "win32" ? "Scripts" : "bin");
  if (hasAll(programs, packages)) return programs;
  if (smoke) throw new Unavailable(`${packages.join(", ")} of PyPI are not in the cache, and smoke fetches nothing`);
  say(`fetching ${packages.join(", ")} from PyPI`);
  if (!existsSync(programs)) run("python3", ["-m", "venv", directory]);
  run(join(programs, "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  return programs;
}

function hasAll(programs: string, packages: readonly string[]): boolean {
  if (!existsSync(programs)) return false;
  const { stdout } = spawnSync(join(programs, "python"), ["-m", "pip", "freeze", "--disable-pip-version-check"], {
    encoding: "utf8",
  });
  const there = new Set((stdout ?? "").toLowerCase().split(/\s+/));
  return packages.every((one) => there.has(one.toLowerCase()));
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: fetchPatienceMs });
  if (status !== 0) {
    const detail = error?.message ?? stderr.trim().split("\n").at(-1) ?? "";
    throw new Unavailable(`${command} ${args.slice(0, 3).join(" ")} failed: ${detail}`);
  }
}
