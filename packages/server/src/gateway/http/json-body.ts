import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { TLocalizedValidationError } from "typebox/error";
import { VoxpoolError } from "../../base/errors.ts";
import { gather } from "../../base/growing-buffer.ts";
import { firstErrors } from "../first-errors.ts";
import { type UploadLimits, uploadChunks } from "../upload.ts";
import { wrongField } from "../wrong-field.ts";

/**
 * Makes the routes of this scope take JSON bodies, checked against their schema and never converted. `text/plain`
 * and no type at all pass as JSON too, since tools leave the type out; any other type is refused.
 */
export function acceptJsonBodies(fastify: FastifyInstance, limits: UploadLimits): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", (request: FastifyRequest) => readJson(request, limits));
  fastify.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    if (httpPart !== "body") return () => true;
    const compiled = Compile(schema);
    return (body: unknown) =>
      compiled.Check(body) ? { value: body } : { error: bodyError(body, firstErrors(compiled, body)) };
  });
}

async function readJson(request: FastifyRequest, limits: UploadLimits): Promise<unknown> {
  const type = request.headers["content-type"];
  if (type !== undefined && !passesAsJson(type)) {
    throw new VoxpoolError("content_type_unsupported", {
      content_type: type.slice(0, 200),
      expected: "application/json",
    });
  }
  const bytes = await gather(uploadChunks(request.raw, limits));
  return parseObject(bytes.toString("utf8"));
}

function passesAsJson(type: string): boolean {
  const media = (type.split(";", 1)[0] ?? "").trim().toLowerCase();
  return media === "application/json" || media === "text/plain" || media === "text/json" || media.endsWith("+json");
}

function parseObject(text: string): unknown {
  if (text.trim() === "") throw new VoxpoolError("json_invalid", { detail: "it is empty" });
  let value: unknown;
  try {
    // A byte order mark is no JSON, but Windows tools write one.
    value = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    throw new VoxpoolError("json_invalid", { detail: "it cannot be parsed" }, { cause: error });
  }
  if (!isObject(value)) throw new VoxpoolError("json_invalid", { detail: `it is ${nameOfKind(value)}` });
  return value;
}

/**
 * The first thing that is wrong with a body, by the name of its field; fields within fields as `outer.inner`.
 * @param place the names that lead to it, where it is a part of a body
 */
export function bodyError(
  body: unknown,
  errors: readonly TLocalizedValidationError[],
  place: readonly string[] = [],
): VoxpoolError {
  const [error, ...others] = errors;
  if (!isObject(body) || error === undefined) return new VoxpoolError("json_invalid", { detail: "it is empty" });
  const { option, detail } = wrongField([error, ...others], place);
  if (option === "model_path" && error.keyword !== "maxLength") return new VoxpoolError("model_path_missing");
  return new VoxpoolError("option_invalid", { option, detail });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOfKind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
