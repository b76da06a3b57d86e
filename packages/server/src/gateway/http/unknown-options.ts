import type { FastifyInstance, FastifyRequest } from "fastify";
import { unknownOption } from "../unknown-option.ts";

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

function refuse(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, known);
}

function namesOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}
