import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/**
 * A fresh directory with files (`"cn/am/final.mdl": ""`), folders (a name that ends with `/`) and links
 * (`"alias": { link: "cn" }`); removed after the test. Its real path.
 */
export async function makeTree(
  t: Pick<TestContext, "after">,
  entries: Readonly<Record<string, string | { readonly link: string }>>,
): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "voxpool-catalog-")));
  t.after(() => rm(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(entries)) {
    const path = join(directory, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (typeof content !== "string") {
      await symlink(content.link, path);
    } else if (!name.endsWith("/")) {
      await writeFile(path, content);
    }
  }
  return directory;
}

/** The reason of the error that a promise ends with; `undefined` if it does not. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error && "reason" in error ? error.reason : error;
  }
}
