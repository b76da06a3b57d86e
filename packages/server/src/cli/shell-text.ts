/** What messages advise programs to do, and what does the same in a shell. */
const advice: readonly (readonly [forPrograms: string, inShell: string])[] = [
  ["GET /api/models/available", "voxpool models"],
  ["raw samples as audio/pcm;rate=16000;channels=1", "say what raw samples are: --raw s16le --rate 16000"],
  ["以 audio/pcm;rate=16000;channels=1 发送原始采样", "用 --raw s16le --rate 16000 说明原始采样的格式"],
];

/** A message as it is of use in a shell: requests and headers that it names become commands and flags. */
export function inShellTerms(message: string): string {
  return advice.reduce((text, [forPrograms, inShell]) => text.replaceAll(forPrograms, inShell), message);
}
