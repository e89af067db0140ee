import type { Server } from "node:http";
import type { Socket } from "node:net";
import { onceOver } from "./once-over.js";

interface Traffic {
  /** Requests whose answers have not gone out. */
  underWay: number;
  /** Bytes that had come in when the last answer had gone out: more are the beginning of another request. */
  bytesRead: number;
}

/**
 * Lets a server that is closed end the connections on which nothing is under way. By itself Node takes an answer for gone when it was
 * handed over to the connection, and so cuts off what a client has not read yet.
 */
export function closeOnlyWhatIsAnswered(server: Server): void {
  const open = new Map<Socket, Traffic>();
  server.on("connection", (socket) => {
    open.set(socket, { underWay: 0, bytesRead: 0 });
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    const traffic = open.get(socket);
    if (!traffic) return;
    traffic.underWay += 1;
    onceOver(response, () => {
      traffic.underWay -= 1;
      traffic.bytesRead = socket.bytesRead;
    });
  });
  server.closeIdleConnections = () => {
    for (const [socket, { underWay, bytesRead }] of open) {
      if (underWay === 0 && socket.bytesRead === bytesRead) socket.destroy();
    }
  };
}
