import { PoolEvent } from "@voxpool/client/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Principal } from "../../access/principal.ts";
import type { Viewer } from "../../api/types.ts";
import { VoxpoolError } from "../../base/errors.ts";
import type { EventLog } from "../../observe/event-log.ts";
import { eventTypes } from "../../observe/pool-events.ts";
import { goneSignal, viewerOf } from "../caller.ts";
import { orAbort } from "../events.ts";
import { messageLanguage } from "../language.ts";
import { traceAnswered } from "../trace.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { failures as failureAnswers, type Operation } from "./operation.ts";

export interface PoolEventRoutesOptions {
  readonly events: EventLog;
  /** The path that events of this model carry, however it is written here; what is no model stays as it is. */
  readonly pathOf: (modelPath: string, viewer: Viewer) => Promise<string>;
  /** Readers at once: `limits.event_readers`. */
  readonly mostReaders: number;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is cut off. */
  readonly stallMs: number;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** Events that are taken out of the log at once: a reader that is far behind must not hold up all others. */
const batchSize = 200;

/** `GET /api/events`: what happens in the pool, as it happens. */
export async function poolEventRoutes(fastify: FastifyInstance, options: PoolEventRoutesOptions): Promise<void> {
  const { mostReaders, pathOf } = options;
  let readers = 0;
  // A HEAD would be an answer that never ends, with nothing in it.
  const route = { config: { operation, scope: "read" }, exposeHeadRoute: false } as const;
  fastify.get("/api/events", route, async (request, reply) => {
    const asked = readWish(request);
    const wish = { ...asked, modelPath: asked.modelPath && (await pathOf(asked.modelPath, viewerOf(request))) };
    if (readers >= mostReaders) {
      const details = { limit: mostReaders, setting: "limits.event_readers", retry_after_seconds: 5 };
      throw new VoxpoolError("too_many_event_readers", details);
    }
    readers += 1;
    try {
      return await tellEvents(request, reply, wish, options);
    } finally {
      readers -= 1;
    }
  });
}

/** What a reader wants to hear. */
interface Wish {
  readonly lastId: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
  readonly modelPath: string | undefined;
}

async function tellEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  wish: Wish,
  { events, heartbeatMs, stallMs, stopping }: PoolEventRoutesOptions,
): Promise<FastifyReply> {
  const left = goneSignal(reply);
  const gone = AbortSignal.any([left, stopping]);
  const stream = createEventStream(reply, { heartbeatMs, stallMs, gone });
  const language = messageLanguage(request.headers["accept-language"]);
  let place = wish.lastId ?? events.lastId;
  // It ends with the server, or with a reader that is cut off: its connection is not worth keeping then.
  reply.header("connection", "close");
  // Nobody waits for the end of it: a reader that leaves has missed nothing.
  traceAnswered(reply.raw);
  try {
    // At once, so that a reader knows that it listens, and where it began.
    if (wish.lastId === undefined) await stream.sendPlace(place);
    while (request.principal?.isValid() !== false) {
      const batch = events.since(place, language, batchSize);
      for (const event of batch) {
        place = event.id;
        const seen = isWanted(event, wish) ? seenBy(event, request.principal) : undefined;
        if (seen !== undefined) await stream.send(seen, event.id);
      }
      if (batch.length < batchSize) {
        await stream.sendPlace(place);
        await news(events, place, gone, stream);
      }
    }
  } catch (error) {
    if (!gone.aborted) throw error;
  }
  // Whoever reads comes again by itself, and finds its place.
  if (!left.aborted) stream.end();
  return reply;
}

/** Waits until there is something behind this place; meanwhile the reader is shown that the connection lives. */
async function news(events: EventLog, place: string, gone: AbortSignal, stream: EventStream): Promise<void> {
  const happened = Promise.withResolvers<void>();
  const unsubscribe = events.subscribe(happened.resolve);
  try {
    const isUpToDate = events.since(place, "en", 1).length === 0;
    if (isUpToDate) await stream.whileWaiting(orAbort(happened.promise, gone));
  } finally {
    unsubscribe();
  }
}

/** Events as a key sees them: nothing of models that it may not see. @returns undefined for those that it does not */
function seenBy(event: PoolEvent, principal: Principal | undefined): PoolEvent | undefined {
  const models = principal?.models;
  if (models === undefined || event.type === "gap") return event;
  const { model_path: modelPath, version, details = {} } = event;
  const isSeen = (path: unknown): boolean =>
    typeof path === "string" && models.includes({ modelPath: path, version: /@(\d+)$/.exec(path)?.[1] });
  if (event.type === "alias.changed") return isSeen(details["model_path"]) ? event : undefined;
  if (modelPath === undefined || !models.includes({ modelPath, version })) return undefined;
  const shown = Object.entries(details).filter(([name, value]) => !pathDetails.has(name) || isSeen(value));
  return { ...event, ...(event.details && { details: Object.fromEntries(shown) }) };
}

/** Details that name another model. */
const pathDetails: ReadonlySet<string> = new Set(["from", "served_by"]);

/** A gap is told to everybody. A model path stands for all versions of its model, unless it names one. */
function isWanted({ type, model_path: path, version }: PoolEvent, { types, modelPath }: Wish): boolean {
  if (type === "gap") return true;
  if (types !== undefined && !types.has(type)) return false;
  return modelPath === undefined || path === modelPath || `${path}@${version}` === modelPath;
}

function readWish({ query, headers }: FastifyRequest): Wish {
  const types = parameterIn(query, "types")?.split(",");
  const unknown = types?.find((type) => type !== "gap" && !isKnown(type));
  if (unknown !== undefined) {
    const detail = `${unknown.slice(0, 100)} is not one of ${eventTypes.join(", ")}`;
    throw new VoxpoolError("option_invalid", { option: "types", detail });
  }
  const header = headers["last-event-id"];
  return {
    // A browser that comes again sends the header, with the query of its first time.
    lastId: typeof header === "string" && header !== "" ? header : parameterIn(query, "last_event_id"),
    types: types && new Set(types),
    modelPath: parameterIn(query, "model_path"),
  };
}

function isKnown(type: string): boolean {
  return (eventTypes as readonly string[]).includes(type);
}

const longestParameter = 4096;

function parameterIn(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === "object" && query !== null ? Reflect.get(query, name) : undefined;
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string" && value.length <= longestParameter) return value;
  const detail = `send it once, with at most ${longestParameter} characters`;
  throw new VoxpoolError("option_invalid", { option: name, detail });
}

const operation: Operation = {
  summary: "What happens in the pool, as it happens",
  description:
    "Server-sent events without an end: `id: <id>`, `event: <type>`, `data: <a PoolEvent as JSON>`, and something at " +
    "least every 15 seconds. Whoever comes again sends the last id, and gets what followed; a `gap` says that some of " +
    "it is no longer known (or that the server was started anew), and what is known comes after it. Without an id: " +
    "what happens from now on.",
  tag: "server",
  parameters: [
    { name: "Last-Event-ID", in: "header", required: false, schema: Type.String({ examples: ["mf3k2c9a:17"] }) },
    {
      name: "last_event_id",
      in: "query",
      required: false,
      description:
        "The same for those who cannot set the header, which wins. Any other text, such as `0`: all that is kept.",
      schema: Type.String(),
    },
    {
      name: "types",
      in: "query",
      required: false,
      description: "Only these, separated by commas; `gap` always comes.",
      schema: Type.String({ examples: ["model.state,model.evicted"] }),
    },
    {
      name: "model_path",
      in: "query",
      required: false,
      description: "Only those of this model, or of one version of it (`model/cn@1`).",
      schema: Type.String({ examples: ["model/cn"] }),
    },
  ],
  responses: {
    200: { description: "The events.", content: { "text/event-stream": PoolEvent } },
    ...failureAnswers(["option_invalid", "too_many_event_readers", "internal", "server_stopping"]),
  },
};
