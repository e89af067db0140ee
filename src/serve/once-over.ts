import { setMaxListeners } from "node:events";
import type { ServerResponse } from "node:http";

/**
 * Calls back once, when a response has gone out or cannot any more. An answer that waits for another one on its connection, as a
 * client may send requests without waiting, is never told by Node that the connection broke: so that is listened to as well.
 */
export function onceOver(response: ServerResponse, then: () => void): void {
  const { socket } = response.req;
  let known = false;
  const over = () => {
    response.off("close", over);
    socket.off("close", over);
    // Of one event both may tell.
    if (!known) then();
    known = true;
  };
  // One connection with many requests is no leak.
  setMaxListeners(0, socket);
  response.once("close", over);
  socket.once("close", over);
  if (response.closed || socket.closed) over();
}
