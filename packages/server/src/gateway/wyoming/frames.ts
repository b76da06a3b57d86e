import { VoxpoolError } from "../../base/errors.ts";

/** One event of the Wyoming protocol. */
export interface WyomingEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly payload?: Uint8Array;
}

/** Bytes that a frame may have. Clients send a tenth of a second of audio at a time. */
export interface FrameLimits {
  readonly line: number;
  readonly data: number;
  readonly payload: number;
}

const usual: FrameLimits = { line: 65_536, data: 262_144, payload: 1_048_576 };

/**
 * The events in a stream of bytes: a line of JSON each, then as many bytes of further JSON and of payload as it says.
 * Who does not read on holds the sender back.
 * @throws VoxpoolError `request_invalid`
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  limits: FrameLimits = usual,
): AsyncGenerator<WyomingEvent> {
  const source = createSource(chunks);
  for (;;) {
    const line = await source.line(limits.line);
    if (line === undefined) return;
    const head = parseObject(line);
    const { type } = head;
    if (typeof type !== "string") throw invalid("an event has no type");
    const dataLength = lengthOf(head, "data_length", limits.data);
    const payloadLength = lengthOf(head, "payload_length", limits.payload);
    const own = head.data ?? {};
    if (!isObject(own)) throw invalid("the data of an event are no JSON object");
    const data = dataLength === 0 ? own : { ...own, ...parseObject(await source.take(dataLength)) };
    if (payloadLength === 0) yield { type, data };
    else yield { type, data, payload: await source.take(payloadLength) };
  }
}

/** An event as it goes over the wire. Its data come in their own block, since clients bound the line. */
export function encodeEvent(type: string, data: object = {}): Buffer {
  const block = Buffer.from(JSON.stringify(data), "utf8");
  const isEmpty = Object.keys(data).length === 0;
  const head = { type, ...(!isEmpty && { data_length: block.length }) };
  const line = Buffer.from(`${JSON.stringify(head)}\n`, "utf8");
  return isEmpty ? line : Buffer.concat([line, block]);
}

interface Source {
  /** Without its end; undefined when there is none. */
  line(limit: number): Promise<Uint8Array | undefined>;
  take(count: number): Promise<Uint8Array>;
}

function createSource(chunks: AsyncIterable<Uint8Array>): Source {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  /** What has arrived and was not taken; undefined at the end. */
  const next = async (): Promise<Uint8Array | undefined> => {
    while (held.length === 0) {
      const read = await iterator.next();
      if (read.done === true) return undefined;
      held = read.value;
    }
    return held;
  };
  /** Copies, so that a few bytes do not keep a large chunk. */
  const gather = async (into: Uint8Array, from: number, limit: number): Promise<number> => {
    const chunk = await next();
    if (chunk === undefined) throw endsEarly();
    const count = Math.min(chunk.length, limit - from);
    into.set(chunk.subarray(0, count), from);
    held = chunk.subarray(count);
    return from + count;
  };
  return {
    async line(limit) {
      let gathered = Buffer.alloc(0);
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
        const end = chunk.indexOf(newline);
        const piece = end < 0 ? chunk : chunk.subarray(0, end);
        if (gathered.length + piece.length >= limit) throw invalid(`a line is longer than ${limit} bytes`);
        gathered = gathered.length === 0 ? Buffer.from(piece) : Buffer.concat([gathered, piece]);
        held = end < 0 ? chunk.subarray(chunk.length) : chunk.subarray(end + 1);
        if (end >= 0) return gathered;
      }
      if (gathered.length > 0) throw endsEarly();
      return undefined;
    },
    async take(count) {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; ) at = await gather(bytes, at, count);
      return bytes;
    },
  };
}

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true });

function lengthOf(head: Record<string, unknown>, name: string, limit: number): number {
  const length = head[name] ?? 0;
  if (typeof length !== "number" || !Number.isInteger(length) || length < 0) {
    throw invalid(`${name} is no whole number of bytes`);
  }
  if (length > limit) throw invalid(`${name} is more than ${limit} bytes`);
  return length;
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new VoxpoolError("request_invalid", { detail: "an event is no JSON" }, { cause: error });
  }
  if (!isObject(value)) throw invalid("an event is no JSON object");
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function endsEarly(): VoxpoolError {
  return invalid("the connection ended within an event");
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("request_invalid", { detail });
}
