import { VoxpoolError } from "../base/errors.ts";
import type { ModelFolder } from "../catalog/catalog.ts";
import type { Recognition, Session } from "../recognition/types.ts";

/** How a recognition with a model version came to its end. */
export type Outcome =
  | { readonly folder: ModelFolder; readonly audioSeconds: number; readonly decodeSeconds: number }
  | { readonly folder: ModelFolder; readonly error: VoxpoolError };

/** The same recognition; `tell` hears how each of its sessions ended. Further channels of one count with the first. */
export function watchRecognition(recognition: Recognition, tell: (outcome: Outcome) => void): Recognition {
  return {
    ...recognition,
    async open(options) {
      const fail = (thrown: unknown) => tell({ folder: options.folder, error: VoxpoolError.from(thrown) });
      try {
        const session = await recognition.open(options);
        return options.isPart === true ? session : watchSession(session, tell, fail);
      } catch (error) {
        fail(error);
        throw error;
      }
    },
  };
}

function watchSession(session: Session, tell: (outcome: Outcome) => void, fail: (thrown: unknown) => void): Session {
  const tellDone = () => {
    const { durationSeconds: audioSeconds, decodeSeconds } = session.summary();
    tell({ folder: session.folder, audioSeconds, decodeSeconds });
  };
  return {
    info: session.info,
    get folder() {
      return session.folder;
    },
    write: (samples) => session.write(samples),
    caughtUp: (sample) => session.caughtUp(sample),
    flush: () => session.flush(),
    givePartials: (from) => session.givePartials(from),
    finish() {
      session.finish();
      tellDone();
    },
    end: () => session.end(),
    cancel: (error) => session.cancel(error),
    summary: () => session.summary(),
    async *events() {
      try {
        yield* session.events();
      } catch (error) {
        fail(error);
        throw error;
      }
      tellDone();
    },
  };
}
