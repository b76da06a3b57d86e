declare module "seek-bzip" {
  /** A source of bytes that is asked for one at a time. */
  class Stream {
    readByte(): number;
    eof(): boolean;
  }
  interface Output {
    writeByte(byte: number): void;
  }
  const Bunzip: {
    Stream: typeof Stream;
    /** Decodes all of `input`; throws a TypeError that says what is wrong with it. */
    decode(input: Stream, output: Output, multistream: boolean): void;
  };
  export default Bunzip;
}
