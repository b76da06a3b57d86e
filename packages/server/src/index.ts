// What the package exports by its name; a pool inside an application is `voxpool/local`.
export type { Log } from "./base/log.ts";
export type { Config } from "./base/settings.ts";
export { type DefaultModelReady, type PullEvent, type RunningServer, type StartOptions, startServer } from "./main.ts";
