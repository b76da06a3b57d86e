import type { CommandContext } from "../context.ts";

const mostNames = 20;

/** The sentence about files that were not taken from folders; undefined if there are none. */
export function leftOutText(
  names: readonly string[],
  { language }: Pick<CommandContext, "language">,
): string | undefined {
  if (names.length === 0) return undefined;
  const zh = language === "zh";
  const raw = names.filter((name) => /\.(raw|pcm)$/i.test(name));
  const advice = [
    ...(raw.length < names.length
      ? [zh ? "可先用 ffmpeg 转为 .wav" : "formats that voxpool does not read; ffmpeg makes a .wav of them"]
      : []),
    ...(raw.length > 0 ? [zh ? "没有文件头的采样需要 --raw s16le" : "samples without a header need --raw s16le"] : []),
  ].join(zh ? "；" : "; ");
  const shown = names.slice(0, mostNames).join(", ") + (names.length > mostNames ? ", …" : "");
  const count = names.length === 1 ? "1 file" : `${names.length} files`;
  return zh ? `未处理 ${names.length} 个文件：${shown}（${advice}）` : `${count} left out: ${shown} (${advice})`;
}
