import type { WebSocket } from "ws";

/**
 * Ends connections whose peer has vanished without a word: it is pinged, and cut off when nothing at all is heard of
 * it until the next ping. What is not read, because the peer sends more than is wanted, is no silence.
 * @returns tells that the socket was not read until now
 */
export function watchPeer(socket: WebSocket, pingMs: number): () => void {
  let isSilent = false;
  const heard = (): void => {
    isSilent = false;
  };
  const timer = setInterval(() => {
    if (isSilent && !socket.isPaused) {
      socket.terminate();
      return;
    }
    isSilent = true;
    socket.ping();
  }, pingMs);
  timer.unref();
  socket.on("message", heard).on("ping", heard).on("pong", heard);
  socket.once("close", () => clearInterval(timer));
  return heard;
}
