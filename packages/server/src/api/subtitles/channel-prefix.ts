/** What stands before the words of a channel; channels count from 1 where people read them. */
export function channelPrefix(channel: number | undefined): string {
  return channel === undefined ? "" : `[${channel + 1}] `;
}
