import { LiveEvent, LiveMessage, LiveOptions } from "@voxpool/client/contract";
import { type TSchema, Type } from "typebox";
import { failures, type Operation, type Parameter } from "./operation.ts";

/** Those of the options that can stand in a URL. */
const wishes: readonly Parameter[] = Object.entries<TSchema>(LiveOptions.properties)
  .filter(([name]) => name !== "endpointing")
  .map(([name, schema]) => ({ name, in: "query", required: false, schema }));

export const streamOperation: Operation = {
  summary: "Recognise speech while it is spoken",
  description:
    "A WebSocket. The client says `start` or `resume` first, as text (a LiveMessage); audio goes in binary messages. " +
    "The server answers with numbered LiveEvents. With an option in the URL the session begins at once, and audio may " +
    "come first. After an `error` the connection closes: 1008 for what the client did, 1013 where it may succeed " +
    "later, 1011 for what went wrong in the server, 1001 when it stops; after `ended` with 1000. Any other end of the " +
    "connection leaves the session alive for `live.resume_seconds`.",
  tag: "recognition",
  parameters: [
    ...wishes,
    {
      name: "lang",
      in: "query",
      required: false,
      description: "Language of messages for people; goes before Accept-Language.",
      schema: Type.String({ examples: ["zh", "en"] }),
    },
  ],
  messages: { client: LiveMessage, server: LiveEvent },
  responses: {
    101: { description: "The connection is a WebSocket from here on.", content: {} },
    ...failures(["request_invalid", "upgrade_required", "server_stopping"]),
  },
};
