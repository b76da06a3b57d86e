import { Tickets } from "../../access/tickets.ts";
import { VoxpoolError } from "../../base/errors.ts";
import { Attempts } from "./attempts.ts";
import type { Access } from "./authenticate.ts";

/** No key is asked of anybody, and there are none: a pool inside an application has one caller. */
export function openAccess(): Access {
  return {
    isRequired: false,
    authenticate() {
      throw new VoxpoolError("key_invalid");
    },
    tickets: new Tickets(),
    attempts: new Attempts({ perMinute: 0 }),
    isOwner: () => false,
  };
}
