export type { Reason } from "./contract/catalogue.ts";
