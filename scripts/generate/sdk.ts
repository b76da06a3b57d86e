import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TranscribeOptions } from "@voxpool/client/contract";

/** The methods of the SDK's client as they are declared, without their docstrings: the same in every language. */
export function sdkMethods(): string {
  const file = fileURLToPath(new URL("../../packages/client/dist/client.d.ts", import.meta.url));
  const text = readFileSync(file, "utf8");
  const body = text.slice(text.indexOf("abstract class BaseClient"));
  const members = body
    .slice(body.indexOf("{\n") + 2, body.indexOf("\n}"))
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(#private|protected|private)\b/.test(line));
  return ["```ts", ...members, "```"].join("\n");
}

/** Names of the options of a recognition that have the same name on the wire. */
export function wireOptions(separator: string): string {
  const own = new Set(["stream"]);
  const names = Object.keys(TranscribeOptions.properties).filter((name) => !own.has(name));
  return names.map((name) => `\`${name}\``).join(separator);
}
