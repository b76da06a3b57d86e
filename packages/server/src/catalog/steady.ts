import type { Readable } from "node:stream";
import { Setback } from "./setback.ts";

/** Fewer bytes than these in a window are next to nothing: the slowest line that is of any use brings more. */
export const leastBytes = 16_384;

/**
 * What a body brings. A server that goes on sending a little, so that it is never silent, would keep a download for
 * days: one that brings next to nothing in a window is given up.
 * @throws Setback; as the body
 */
export async function* steadily(body: Readable, windowMs: number): AsyncGenerator<Buffer> {
  let came = 0;
  const timer = setInterval(() => {
    if (came < leastBytes) body.destroy(new Setback("the server sends next to nothing"));
    came = 0;
  }, windowMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      came += chunk.length;
      yield chunk;
    }
  } finally {
    clearInterval(timer);
  }
}
