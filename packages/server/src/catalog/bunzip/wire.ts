/** What the thread is told when it starts. */
export interface BunzipTask {
  readonly path: string;
  /** How many pieces it may send; it waits while there is none. */
  readonly credits: Int32Array<SharedArrayBuffer>;
}

export type BunzipMessage =
  | { readonly type: "piece"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "end" }
  | { readonly type: "failed"; readonly message: string };

export const pieceBytes = 1 << 20;
