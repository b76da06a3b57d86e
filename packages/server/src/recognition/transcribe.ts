import { VoxpoolError } from "../base/errors.ts";
import type { Session, SessionEvent } from "./types.ts";

/**
 * Feeds a recording to a session and gives its events. What goes wrong in reading the recording ends the session.
 * @throws VoxpoolError of the samples or of the session
 */
export async function* transcribe(
  session: Session,
  samples: AsyncIterable<Float32Array>,
): AsyncGenerator<SessionEvent, void> {
  const fed = feed(session, samples);
  yield* session.events();
  await fed;
}

async function feed(session: Session, samples: AsyncIterable<Float32Array>): Promise<void> {
  try {
    for await (const chunk of samples) await session.write(chunk);
    session.end();
  } catch (error) {
    session.cancel(VoxpoolError.from(error));
  }
}
