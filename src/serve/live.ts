import type { ServerResponse } from "node:http";
import type { LiveEvents, Result } from "./api.js";
import { onceOver } from "./once-over.js";
import { Refusal } from "./refusal.js";
import type { Results } from "./results.js";

/** Milliseconds between signs of life, by which clients and proxies know that the connection stands. */
const heartbeat = 15_000;
/** Bytes that may wait for a client. One that reads more slowly is let go; it comes back and goes on where it was. */
const backlog = 2 ** 20;
const mostClients = 256;
/** Milliseconds in which clients get what is left when the service ends. */
const patience = 1000;

/** Server-Sent Events (HTML standard, section 9.2) to all that listen. */
export class Live {
  private readonly clients = new Set<ServerResponse>();
  /** Those of them that are still given what they have missed. */
  private readonly behind = new Set<ServerResponse>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly results: Results) {
    this.timer = setInterval(() => this.write(": alive\n\n"), heartbeat).unref();
  }

  get count(): number {
    return this.clients.size;
  }

  /**
   * Adds a client, whose headers are written already. It is first given the results that it has missed.
   * @param last id of the last result that it has got
   */
  add(response: ServerResponse, last: string | undefined): void {
    this.clients.add(response);
    onceOver(response, () => this.forget(response));
    response.write("retry: 1000\n\n");
    if (last !== undefined) this.catchUp(response, last);
  }

  /** @throws Refusal 503 when there are too many. */
  checkRoom(): void {
    if (this.clients.size >= mostClients) throw new Refusal(503, `${mostClients} clients listen already`);
  }

  /** Sends an event to all; results with their id. */
  send<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): void {
    if (this.clients.size > 0) this.write(eventText(name, data));
  }

  /** Ends all connections. */
  close(): void {
    clearInterval(this.timer);
    for (const client of this.clients) {
      client.end();
      setTimeout(() => client.destroy(), patience).unref();
    }
  }

  /** As fast as the client reads; one that reads nothing waits here, with one result, until its connection times out. */
  private catchUp(response: ServerResponse, last: string): void {
    this.behind.add(response);
    for (const result of this.results.after(last)) {
      if (response.write(eventText("result", result))) continue;
      response.once("drain", () => this.catchUp(response, result.id));
      return;
    }
    this.behind.delete(response);
  }

  private write(text: string): void {
    for (const client of this.clients) {
      if (this.behind.has(client)) continue;
      client.write(text);
      if (client.writableLength <= backlog) continue;
      this.forget(client);
      client.destroy();
    }
  }

  private forget(client: ServerResponse): void {
    this.clients.delete(client);
    this.behind.delete(client);
  }
}

function eventText(name: string, data: object): string {
  const id = name === "result" ? `id: ${(data as Result).id}\n` : "";
  return `${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
