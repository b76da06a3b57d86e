/** What is recorded, and how. */
export interface MicrophoneOptions {
  /** Ends the recording; the stream then ends in order. */
  readonly signal?: AbortSignal;
  /** Which microphone (`navigator.mediaDevices.enumerateDevices()`); the user's default if left out. */
  readonly deviceId?: string;
  /** The browser's own processing of speech; all of it is on by default, as for calls. */
  readonly echoCancellation?: boolean;
  readonly noiseSuppression?: boolean;
  readonly autoGainControl?: boolean;
}

/** What a microphone gives: mono, as sessions take it without further options. */
export const microphoneRateHz = 16_000;

/** A piece of 100 ms: less would be more messages, more a later word. */
const pieceSamples = microphoneRateHz / 10;

/** Runs in the thread of the sound card: gathers its blocks into pieces of 16-bit samples. */
const recorder = `registerProcessor("voxpool-recorder", class extends AudioWorkletProcessor {
  piece = new Int16Array(${pieceSamples});
  filled = 0;
  process([[block]]) {
    for (const sample of block ?? []) {
      this.piece[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      if (this.filled < this.piece.length) continue;
      this.port.postMessage(this.piece, [this.piece.buffer]);
      this.piece = new Int16Array(${pieceSamples});
      this.filled = 0;
    }
    return true;
  }
})`;

/**
 * Records from a microphone of the browser, which asks the user first, until the stream is cancelled or the signal
 * aborted. The browser resamples. Needs a secure page (https or localhost); call it from a click, since some browsers
 * let no sound in before the user has done something.
 * @returns 16-bit samples at 16 kHz, mono, in pieces of 100 ms
 * @throws DOMException of the browser: `NotAllowedError`, `NotFoundError`, `AbortError`...
 */
export async function openMicrophone(options: MicrophoneOptions = {}): Promise<ReadableStream<Int16Array>> {
  const { signal, deviceId, ...processing } = options;
  signal?.throwIfAborted();
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, ...processing, ...(deviceId !== undefined && { deviceId: { exact: deviceId } }) },
  });
  const context = new AudioContext({ sampleRate: microphoneRateHz });
  const release = () => {
    for (const track of media.getTracks()) track.stop();
    if (context.state !== "closed") void context.close();
  };
  try {
    const node = await startRecorder(context, media);
    signal?.throwIfAborted();
    return piecesOf(node, media, release, signal);
  } catch (error) {
    release();
    throw error;
  }
}

async function startRecorder(context: AudioContext, media: MediaStream): Promise<AudioWorkletNode> {
  const url = URL.createObjectURL(new Blob([recorder], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
  const node = new AudioWorkletNode(context, "voxpool-recorder", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  context.createMediaStreamSource(media).connect(node);
  await context.resume();
  return node;
}

function piecesOf(
  { port }: AudioWorkletNode,
  media: MediaStream,
  release: () => void,
  signal: AbortSignal | undefined,
): ReadableStream<Int16Array> {
  let stop: () => void = release;
  return new ReadableStream<Int16Array>(
    {
      start(controller) {
        stop = () => {
          signal?.removeEventListener("abort", end);
          port.onmessage = null;
          release();
        };
        const end = () => {
          stop();
          controller.close();
        };
        // What nobody takes is kept for two minutes; a reader that is away for longer has left.
        port.onmessage = ({ data }: MessageEvent<Int16Array>) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(data);
        };
        signal?.addEventListener("abort", end, { once: true });
        // The microphone was pulled out, or the user took the permission back.
        media.getAudioTracks()[0]?.addEventListener("ended", end, { once: true });
      },
      cancel: () => stop(),
    },
    { highWaterMark: 1200 },
  );
}
