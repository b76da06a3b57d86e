import { type Static, Type } from "typebox";

/** Something that the server can fetch by name. */
export const CatalogEntry = Type.Object(
  {
    name: Type.String({ description: "For `pull`; also the path below the model directory.", examples: ["cn"] }),
    title: Type.String({ description: "One line for people, in the language of the request." }),
    engine: Type.String(),
    family: Type.String(),
    languages: Type.Array(Type.String(), { description: "Primary tags; empty: very many." }),
    licence: Type.String(),
    size_bytes: Type.Optional(Type.Integer({ description: "Bytes to fetch, where that is known." })),
    pinned: Type.Boolean({ description: "Whether all that is fetched is compared with published hashes." }),
    sources: Type.Array(Type.String(), { description: "Where it comes from, in the order in which they are tried." }),
    installed: Type.Boolean({ description: "Whether it is on the server's disk." }),
    model_path: Type.Optional(Type.String({ description: "Its model path, when it is installed." })),
  },
  { $id: "CatalogEntry" },
);
export type CatalogEntry = Static<typeof CatalogEntry>;

export const Catalog = Type.Object(
  { success: Type.Literal(true), models: Type.Array(CatalogEntry), count: Type.Integer() },
  { $id: "Catalog" },
);
export type Catalog = Static<typeof Catalog>;

export const CatalogDetails = Type.Object(
  { success: Type.Literal(true), model: CatalogEntry },
  { $id: "CatalogDetails" },
);
export type CatalogDetails = Static<typeof CatalogDetails>;

/** Which entries of the catalogue are wanted; all without either. */
export const CatalogQuery = Type.Object(
  {
    query: Type.Optional(Type.String({ maxLength: 200, description: "Words that all have to be in it." })),
    language: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: "For example `en`, `zh-CN`, `Chinese`." }),
    ),
  },
  { $id: "CatalogQuery" },
);
export type CatalogQuery = Static<typeof CatalogQuery>;

/** Only names of the catalogue: a caller cannot make the server call an address. */
export const PullRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, examples: ["cn"] }),
    stream: Type.Optional(Type.Boolean({ description: "Answer with server-sent events." })),
  },
  { $id: "PullRequest" },
);
export type PullRequest = Static<typeof PullRequest>;

export const PullAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    name: Type.String(),
    already_there: Type.Boolean({ description: "Nothing had to be fetched." }),
    model_path: Type.Optional(Type.String({ description: "For a load; absent for parts that are no model." })),
  },
  { $id: "PullAnswer" },
);
export type PullAnswer = Static<typeof PullAnswer>;

/** One event of a streamed pull: the SSE event name is `type`. Clients ignore types that they do not know. */
export const PullEvent = Type.Union(
  [
    Type.Object({
      type: Type.Literal("progress"),
      phase: Type.String({ description: "`connect`, `download`, `unpack` or `done`, for each file." }),
      file: Type.String(),
      received_bytes: Type.Integer(),
      total_bytes: Type.Optional(Type.Integer()),
    }),
    Type.Object({ type: Type.Literal("done"), answer: PullAnswer }),
    Type.Object({
      type: Type.Literal("error"),
      message: Type.String(),
      reason: Type.String(),
      retryable: Type.Boolean(),
      status: Type.Optional(Type.Integer()),
    }),
  ],
  { $id: "PullEvent" },
);
export type PullEvent = Static<typeof PullEvent>;
