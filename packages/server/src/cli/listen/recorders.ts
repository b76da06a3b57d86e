/** What every recorder here gives, and a session takes: 16-bit samples, little-endian, mono. */
const recordedRateHz = 16_000;

/** A program that writes what the microphone hears to standard output, as samples without a header. */
export interface Recorder {
  readonly program: string;
  readonly args: readonly string[];
}

const rate = String(recordedRateHz);
const ffmpegBefore = ["-nostdin", "-hide_banner", "-loglevel", "error"];
const ffmpegAfter = ["-ac", "1", "-ar", rate, "-f", "s16le", "-"];

/**
 * Programs that can record on a system, the best first; the first that hears anything is used. Systems have them under
 * these names: alsa-utils, pulseaudio-utils, pipewire-bin, sox, ffmpeg.
 * @param device of the recorder's own naming; its default if left out
 */
export function recordersOf(platform: NodeJS.Platform, device?: string): readonly Recorder[] {
  if (platform === "win32") return [ffmpeg("dshow", `audio=${device ?? "default"}`), ...sox(device)];
  if (platform === "darwin") return [...sox(device), ffmpeg("avfoundation", `:${device ?? "default"}`)];
  const pulse = ["--raw", "--format=s16le", `--rate=${rate}`, "--channels=1"];
  const pipewire = ["--format=s16", `--rate=${rate}`, "--channels=1", ...flag("--target", device)];
  return [
    { program: "parecord", args: [...pulse, ...flag("--device", device)] },
    { program: "arecord", args: ["-q", "-t", "raw", "-f", "S16_LE", "-r", rate, "-c", "1", ...flag("-D", device)] },
    // Newer ones write a header unless they are told not to, which older ones do not understand.
    { program: "pw-record", args: ["--raw", ...pipewire, "-"] },
    { program: "pw-record", args: [...pipewire, "-"] },
    ...sox(device),
    ffmpeg("pulse", device ?? "default"),
    ffmpeg("alsa", device ?? "default"),
  ];
}

/** Sox knows a device by its environment only; with one named, its default must not be taken instead. */
function sox(device: string | undefined): readonly Recorder[] {
  const raw = ["-q", "-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-r", rate, "-c", "1", "-"];
  return device === undefined ? [{ program: "rec", args: raw }] : [];
}

function ffmpeg(format: string, input: string): Recorder {
  return { program: "ffmpeg", args: [...ffmpegBefore, "-f", format, "-i", input, ...ffmpegAfter] };
}

function flag(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}
