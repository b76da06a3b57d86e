/** How far a download is. `receivedBytes` counts for `file`; a name may have several files, one after the other. */
export interface PullEvent {
  /** What is pulled: `en/tiny`, `libvosk`. */
  readonly name: string;
  /** The archive or file at hand. */
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes?: number;
  readonly phase: "connect" | "download" | "unpack" | "done";
}

/** Progress is reported each time so many bytes have come. */
const progressStepBytes = 262_144;

interface ReporterTask {
  readonly name: string;
  readonly onProgress: (event: PullEvent) => void;
}

interface Reporter {
  readonly onBytes: (receivedBytes: number, totalBytes: number | undefined) => void;
  readonly unpacking: () => void;
  readonly done: () => void;
}

/** Tells how far the download of one file is, in steps. */
export function reporter(file: string, { name, onProgress }: ReporterTask): Reporter {
  let shown = -1;
  let last: Omit<PullEvent, "phase"> = { name, file, receivedBytes: 0 };
  return {
    onBytes: (receivedBytes, totalBytes) => {
      last = { name, file, receivedBytes, ...(totalBytes === undefined ? {} : { totalBytes }) };
      const step = Math.floor(receivedBytes / progressStepBytes);
      if (step !== shown || receivedBytes === totalBytes) {
        shown = step;
        onProgress({ ...last, phase: "download" });
      }
    },
    unpacking: () => onProgress({ ...last, phase: "unpack" }),
    done: () => onProgress({ ...last, phase: "done" }),
  };
}
