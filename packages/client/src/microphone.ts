/** What is recorded, and how. */
export interface MicrophoneOptions {
  /** Ends the recording; the stream then ends in order. */
  readonly signal?: AbortSignal;
  /** Which microphone (`navigator.mediaDevices.enumerateDevices()`); the user's default if left out. */
  readonly deviceId?: string;
  /** The browser's own processing of speech, as for calls; each is on or off by the browser's own default. */
  readonly echoCancellation?: boolean;
  readonly noiseSuppression?: boolean;
  readonly autoGainControl?: boolean;
}

/** What a microphone gives, mono: what sessions take without further options. */
const rateHz = 16_000;
/** A piece is 100 ms: less would be more messages, more a later word. */
const pieceSamples = rateHz / 10;
/** What nobody takes is kept for two minutes, while a model is loaded, say; a reader that is away for longer has left. */
const keptPieces = 1_200;

/**
 * Runs in the thread that makes sound: gathers blocks into pieces of 16-bit samples. Where the browser has not resampled
 * already, samples are read between two of the sound card's.
 */
const recorder = `registerProcessor("voxpool-recorder", class extends AudioWorkletProcessor {
  piece = new Int16Array(${pieceSamples});
  filled = 0;
  last = 0;
  at = 0;
  process([[block]]) {
    for (const sample of block ?? []) {
      for (; this.at < 1; this.at += sampleRate / ${rateHz}) this.put(this.last + (sample - this.last) * this.at);
      this.at--;
      this.last = sample;
    }
    return true;
  }
  put(sample) {
    this.piece[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
    if (this.filled < this.piece.length) return;
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Int16Array(${pieceSamples});
    this.filled = 0;
  }
})`;

/**
 * Records from a microphone of the browser, which asks the user first, until the stream is cancelled or the signal
 * aborted. Needs a secure page (https or localhost), one whose policy lets scripts come from `blob:`. Call it from a
 * click: some browsers let no sound in before the user has done something.
 * @returns 16-bit samples at 16 kHz, mono, in pieces of 100 ms
 * @throws DOMException of the browser: `NotAllowedError`, `NotFoundError`; what the signal gives as its reason
 */
export async function openMicrophone(options: MicrophoneOptions = {}): Promise<ReadableStream<Int16Array>> {
  const { signal, deviceId, ...processing } = options;
  signal?.throwIfAborted();
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, ...processing, ...(deviceId !== undefined && { deviceId: { exact: deviceId } }) },
  });
  let context: AudioContext | undefined;
  const release = () => {
    for (const track of media.getTracks()) track.stop();
    if (context !== undefined && context.state !== "closed") void context.close();
  };
  try {
    const source = sourceOf(media);
    context = source.context;
    const node = await startRecorder(source.context, source.node);
    signal?.throwIfAborted();
    return piecesOf(node, media, release, signal);
  } catch (error) {
    release();
    throw error;
  }
}

/** The microphone at 16 kHz; where the browser does not resample it (Firefox), at its own rate, and without what is too high. */
function sourceOf(media: MediaStream): { readonly context: AudioContext; readonly node: AudioNode } {
  const resampling = new AudioContext({ sampleRate: rateHz });
  try {
    return { context: resampling, node: resampling.createMediaStreamSource(media) };
  } catch {
    void resampling.close();
  }
  const context = new AudioContext();
  // A Butterworth low-pass of the sixth order, as three of the second; Q in decibels.
  const filters = [-5.72, -3.01, 5.72].map(
    (Q) => new BiquadFilterNode(context, { type: "lowpass", frequency: 7_200, Q }),
  );
  const source: AudioNode = context.createMediaStreamSource(media);
  return { context, node: filters.reduce((before, filter) => before.connect(filter), source) };
}

async function startRecorder(context: AudioContext, source: AudioNode): Promise<AudioWorkletNode> {
  const url = URL.createObjectURL(new Blob([recorder], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
  const mono = { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" } as const;
  const node = new AudioWorkletNode(context, "voxpool-recorder", mono);
  source.connect(node);
  await context.resume();
  return node;
}

function piecesOf(
  { port }: AudioWorkletNode,
  media: MediaStream,
  release: () => void,
  signal: AbortSignal | undefined,
): ReadableStream<Int16Array> {
  let stop = release;
  const source = {
    start(controller: ReadableStreamDefaultController<Int16Array>) {
      stop = () => {
        signal?.removeEventListener("abort", end);
        port.removeEventListener("message", take);
        release();
      };
      const end = () => {
        stop();
        controller.close();
      };
      const take = ({ data }: MessageEvent<Int16Array>) => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(data);
      };
      port.addEventListener("message", take);
      port.start();
      signal?.addEventListener("abort", end, { once: true });
      // The microphone was pulled out, or the user took the permission back.
      media.getAudioTracks()[0]?.addEventListener("ended", end, { once: true });
    },
    cancel: () => stop(),
  };
  return new ReadableStream(source, { highWaterMark: keptPieces });
}
