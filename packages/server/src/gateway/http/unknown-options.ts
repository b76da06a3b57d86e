import { distance } from "fastest-levenshtein";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { VoxpoolError } from "../../base/errors.ts";

/**
 * Refuses query parameters and fields of JSON bodies that a strict operation does not have: a misspelt option would
 * else be an option that has no effect. Has to be called before the routes are registered.
 */
export function refuseUnknownOptions(fastify: FastifyInstance): void {
  fastify.addHook("onRequest", async ({ query, routeOptions }: FastifyRequest) => {
    const { operation } = routeOptions.config;
    if (operation?.strict !== true) return;
    const known = (operation.parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name);
    refuse(namesOf(query), known);
  });
  fastify.addHook("preValidation", async ({ body, routeOptions }: FastifyRequest) => {
    const { operation } = routeOptions.config;
    const schema = operation?.body?.["application/json"];
    if (operation?.strict !== true || schema === undefined || !("properties" in schema)) return;
    refuse(namesOf(body), namesOf(schema.properties));
  });
}

/** What stands for an option that is not known; the nearest one that is comes with it. */
export function unknownOption(name: string, known: readonly string[]): VoxpoolError {
  const near = nearest(name, known);
  return new VoxpoolError("option_unknown", {
    option: name.slice(0, 100),
    detail: known.length === 0 ? "there are none" : `the options are ${known.join(", ")}`,
    hint: near === undefined ? "" : ` Did you mean ${near}?`,
  });
}

function refuse(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, known);
}

function namesOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** The option that is spelled alike, or of which the name is a part (`format`, `lang`); none if nothing comes near. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = bare(name.slice(0, 100));
  let best: { readonly option: string; readonly errors: number } | undefined;
  for (const option of known) {
    const isPart = plain.length >= 4 && (bare(option).startsWith(plain) || option.split("_").includes(plain));
    const errors = isPart ? 0 : distance(plain, bare(option));
    const isNear = errors * 3 <= bare(option).length;
    if (isNear && errors < (best?.errors ?? Number.POSITIVE_INFINITY)) best = { option, errors };
  }
  return best?.option;
}

/** `responseFormat`, `response-format` and `response_format[]` are one spelling. */
const bare = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\d]/gu, "");
