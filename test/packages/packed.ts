import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const root = join(import.meta.dirname, "../..");

/** One package as `npm pack` makes it. */
export interface Packed {
  readonly name: string;
  readonly tarball: string;
  readonly sizeBytes: number;
  readonly files: readonly string[];
}

interface PackReport {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs both packages into a folder. */
export async function packInto(folder: string): Promise<readonly Packed[]> {
  const workspaces = ["-w", "packages/client", "-w", "packages/server"];
  const { stdout } = await run("npm", ["pack", "--json", ...workspaces, "--pack-destination", folder], { cwd: root });
  const reports = JSON.parse(stdout) as readonly PackReport[] | Readonly<Record<string, PackReport>>;
  // Newer npm versions report by name.
  return Object.values(reports).map(({ name, filename, size, files }: PackReport) => ({
    name,
    tarball: join(folder, filename.replace("@", "").replace("/", "-")),
    sizeBytes: size,
    files: files.map(({ path }) => path),
  }));
}

/** Runs a program with this Node first in its path, as somebody whose Node that is. */
export function runIn(folder: string, command: string, args: readonly string[]) {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  return run(command, args, { cwd: folder, env: { ...process.env, PATH: path } });
}

/** Installs the tarballs in an empty folder; without a network, and without a cache that has it all, says so. */
export async function installPacked(packed: readonly Packed[]): Promise<string | { readonly skip: string }> {
  const folder = mkdtempSync(join(tmpdir(), "voxpool-installed-"));
  writeFileSync(join(folder, "package.json"), '{ "name": "empty", "version": "1.0.0", "private": true }');
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0", "--loglevel=error"];
  const names = [...packed.map(({ tarball }) => tarball), "@types/node@24"];
  try {
    await runIn(folder, "npm", ["install", ...flags, ...names]);
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const text = String((error as { stderr?: unknown }).stderr);
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ENETUNREACH/.test(text)) {
      return { skip: `the dependencies cannot be fetched: ${text.trim().split("\n")[0]}` };
    }
    throw error;
  }
}
