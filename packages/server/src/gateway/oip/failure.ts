import type { FailureShape } from "../shaped-failure.ts";
import { retryAfter } from "../shaped-failure.ts";

/** Every failure of the Open Inference Protocol is one text. */
export const oipFailure: FailureShape = (error, language) => ({
  status: error.entry.status,
  body: { error: error.messageIn(language) },
  ...retryAfter(error),
});
