/** Where the server is, and what opens it. */
export interface Entrance {
  readonly url: string;
  /** The secret of a key; undefined where none is asked for. */
  readonly key?: string | undefined;
}

export const headersOf = ({ key }: Entrance): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };
