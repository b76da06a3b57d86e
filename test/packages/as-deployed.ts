import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./packed.ts";

/** What `deploy/Dockerfile` has a container run. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: number;
}

/** Reads the last stage of the Dockerfile. */
export function readImage(): Image {
  const text = readFileSync(join(root, "deploy/Dockerfile"), "utf8").replaceAll(/\\\n\s*/g, "");
  const stage = text.slice(text.lastIndexOf("\nFROM "));
  const listAfter = (pattern: RegExp) => JSON.parse(pattern.exec(stage)?.[1] ?? "") as string[];
  const env = /^ENV (.+)$/m.exec(stage)?.[1] ?? "";
  return {
    entrypoint: listAfter(/^ENTRYPOINT (\[.+\])$/m),
    command: listAfter(/^CMD (\[.+\])$/m),
    healthCheck: listAfter(/^HEALTHCHECK .*CMD (\[.+\])$/m),
    env: Object.fromEntries(Array.from(env.matchAll(/(\w+)=(\S+)/g), ([, name = "", value = ""]) => [name, value])),
    user: Number(/^USER (\d+)/m.exec(stage)?.[1]),
  };
}
