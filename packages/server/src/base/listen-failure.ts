import { VoxpoolError } from "./errors.ts";
import { systemText } from "./system-text.ts";

/** Where it was to be listened. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  /** Its setting: `port`, `vosk.port`; that of the host is beside it. */
  readonly setting: string;
}

/** Why a port cannot be listened on; whoever has it already is `what`. @returns `port_taken`, `config_invalid` */
export function listenFailure(error: unknown, { host, port, setting }: ListenPlace, what = "another program") {
  if (isTaken(error)) {
    const flag = `--${setting.replace(".", "-")}`;
    return new VoxpoolError("port_taken", { host, port, what, flag, suggestion: port < 65_535 ? port + 1 : port - 1 });
  }
  const detail = `cannot listen on ${host} port ${port}: ${systemText(error)}`;
  const source = `${setting.replace(/port$/, "host")}, ${setting}`;
  return new VoxpoolError("config_invalid", { source, detail }, { cause: error });
}

/** Whether somebody else has it. */
export const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "EADDRINUSE";
