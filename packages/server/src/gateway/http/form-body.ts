import { isText, sniffBytes } from "../../audio/sniff.ts";

/** The type that curl and browsers give a body when nobody names another: it says nothing of what is in it. */
export const formType = "application/x-www-form-urlencoded";

/**
 * A body that came as a form, if it is none: forms are text, recordings are not.
 * @returns undefined for text; `chunks` are then left where they are
 * @throws what the source throws
 */
export async function unlessText(chunks: AsyncGenerator<Uint8Array>): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < sniffBytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    length += next.value.length;
    // What is no text at its beginning is none: no more of it is waited for.
    if (!isText(Buffer.concat(head).subarray(0, sniffBytes))) return resumed(head, chunks);
  }
  return undefined;
}

async function* resumed(head: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* head;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
