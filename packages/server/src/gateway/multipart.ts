import { VoxpoolError } from "../base/errors.ts";
import { DelimitedBytes } from "./delimited.ts";

export interface MultipartLimits {
  readonly parts: number;
  /** Largest head of one part, bytes. */
  readonly headBytes: number;
}

export interface MultipartPart {
  readonly name: string;
  /** The file name that the sender gave; it may be empty. */
  readonly filename?: string;
  /** The part's own content type with its parameters. */
  readonly contentType?: string;
  /** Its bytes as they arrive. What is not read is skipped when the next part is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The boundary of a `multipart/form-data` content type. @throws VoxpoolError `multipart_invalid` */
export function boundaryOf(contentType: string): string {
  const boundary = parametersOf(contentType).get("boundary");
  if (boundary === undefined || boundary === "") throw invalid("its Content-Type names no boundary");
  if (boundary.length > 200) throw invalid("its boundary is longer than 200 characters");
  return boundary;
}

/**
 * Reads multipart/form-data (RFC 7578) as a stream: nothing is held but the head of a part and one chunk, and the
 * source is only read as fast as the parts are.
 * @throws VoxpoolError `multipart_invalid`, and whatever the source throws
 */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<MultipartPart> {
  // The line break in front makes a delimiter at the very start look like every other.
  const bytes = new DelimitedBytes(source, Buffer.from(`\r\n--${boundary}`), Buffer.from("\r\n"));
  const skip = async (): Promise<void> => {
    for await (const _ of bytes.untilDelimiter(cutShort));
  };
  try {
    for await (const _ of bytes.untilDelimiter(() => invalid("it has no boundary line")));
    for (let count = 1; await opensPart(bytes); count += 1) {
      if (count > limits.parts) throw invalid(`it has more than ${limits.parts} parts`);
      const head = await bytes.textUntil("\r\n\r\n", limits.headBytes, cutShort);
      if (head === undefined) throw invalid(`the head of a part is larger than ${limits.headBytes} bytes`);
      yield { ...parseHead(head), body: bytes.untilDelimiter(cutShort) };
      await skip();
    }
    await bytes.skipRest();
  } finally {
    await bytes.close();
  }
}

const cutShort = (): Error => invalid("it ends in the middle of a part");

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("multipart_invalid", { detail });
}

/** After a delimiter: true in front of a part, false at the end of all. The line's own break stays. */
async function opensPart(bytes: DelimitedBytes): Promise<boolean> {
  const unclosed = (): Error => invalid("it ends without its closing boundary");
  let next = await bytes.peek(2, unclosed);
  if (next === "--") return false;
  // Blanks may stand between a delimiter and its line break.
  while (next.startsWith(" ") || next.startsWith("\t")) {
    bytes.skipByte();
    next = await bytes.peek(2, unclosed);
  }
  if (next !== "\r\n") throw invalid("a boundary line does not end with a line break");
  return true;
}

function parseHead(head: string): Omit<MultipartPart, "body"> {
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon <= 0) throw invalid("a header line of a part has no name");
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const parameters = parametersOf(disposition);
  const name = parameters.get("name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || name === undefined || name === "") {
    throw invalid('a part has no Content-Disposition: form-data; name="…"');
  }
  const encoding = headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary";
  if (!["binary", "8bit", "7bit"].includes(encoding)) throw invalid("Content-Transfer-Encoding is not binary");
  const contentType = headers.get("content-type");
  const filename = parameters.get("filename") ?? parameters.get("filename*");
  return {
    name,
    ...(filename !== undefined && { filename }),
    ...(contentType !== undefined && { contentType }),
  };
}

/** The parameters of a header value; quoted values lose their quotes and backslashes. The first of a name counts. */
function parametersOf(header: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of header.matchAll(
    /;\s*([^\s=;"]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g,
  )) {
    const lower = name.toLowerCase();
    if (!parameters.has(lower)) parameters.set(lower, quoted?.replaceAll(/\\(.)/g, "$1") ?? token);
  }
  return parameters;
}
