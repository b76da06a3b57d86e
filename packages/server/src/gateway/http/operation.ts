import { catalogue, Failure, type Reason } from "@voxpool/client/contract";
import type { TSchema } from "typebox";

/** What the OpenAPI document says of a route; every route but the documents' own has one. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tag: "models" | "recognition" | "server";
  /** Options that it does not have are refused; else they are ignored, as in the seed's calls. */
  readonly strict?: true;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content;
  /** By HTTP status. */
  readonly responses: Readonly<Record<number, Response>>;
  /** Of a WebSocket: what is said over it as text, by whom. */
  readonly messages?: { readonly client: TSchema; readonly server: TSchema };
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: TSchema;
}

/** Schemas by media type; one that has an `$id` becomes a component. */
export type Content = Readonly<Record<string, TSchema>>;

interface Response {
  readonly description: string;
  readonly content: Content;
}

declare module "fastify" {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

export const json = (schema: TSchema): Content => ({ "application/json": schema });

/** What may be wrong with any call that sends a JSON body, and with the server. */
export const jsonBodyReasons = [
  "json_invalid",
  "option_invalid",
  "content_type_unsupported",
  "body_too_large",
  "upload_stalled",
  "internal",
  "server_stopping",
] as const satisfies readonly Reason[];

/** And with one that names a model. */
export const modelBodyReasons = [
  ...jsonBodyReasons,
  "model_path_missing",
  "model_path_invalid",
  "model_not_found",
] as const satisfies readonly Reason[];

/** The answers for these reasons, one a status, in the general shape of failures. */
export function failures(reasons: readonly Reason[], statusOf = (reason: Reason): number => catalogue[reason].status) {
  const byStatus = new Map<number, Reason[]>();
  for (const reason of reasons) {
    const status = statusOf(reason);
    byStatus.set(status, [...(byStatus.get(status) ?? []), reason]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [status, { description: names.join(", "), content: json(Failure) }]),
  );
}
