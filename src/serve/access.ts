import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Keys } from "./keys.js";
import { Refusal } from "./refusal.js";

/** Pages send a cookie with pictures and event streams, to which they can add no header. */
export const cookieName = "uflow_session";
/** Seconds. */
export const sessionAge = 12 * 60 * 60;
const mostSessions = 1000;

/** Who may ask: whoever has a key, or a session that was begun with one. In memory: sessions end with the service. */
export class Access {
  private readonly sessions = new Map<string, { name: string; until: number }>();

  /** @param keys undefined: everyone may ask */
  constructor(private readonly keys: Keys | undefined) {}

  get open(): boolean {
    return this.keys === undefined;
  }

  /** The name of the key that a request brings; undefined: none or a wrong one. */
  nameOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "") ?? [];
    const key = bearer ?? headers["x-api-key"];
    if (typeof key === "string") return this.keys?.nameOf(key);
    return this.sessionOf(headers.cookie);
  }

  /** Begins a session. @returns the content of its cookie. @throws Refusal 401. */
  begin(key: string): { name: string; token: string } {
    const name = this.keys?.nameOf(key);
    if (name === undefined) throw new Refusal(401, "This is no key of the service");
    const token = randomBytes(32).toString("base64url");
    this.sessions.set(token, { name, until: Date.now() + 1000 * sessionAge });
    for (const oldest of this.sessions.keys()) {
      if (this.sessions.size <= mostSessions) break;
      this.sessions.delete(oldest);
    }
    return { name, token };
  }

  end(cookies: string | undefined): void {
    this.sessions.delete(tokenOf(cookies) ?? "");
  }

  private sessionOf(cookies: string | undefined): string | undefined {
    const session = this.sessions.get(tokenOf(cookies) ?? "");
    return session && session.until > Date.now() ? session.name : undefined;
  }
}

function tokenOf(cookies = ""): string | undefined {
  const pairs = cookies.split(";").map((pair) => pair.trim().split("=", 2));
  return pairs.find(([name]) => name === cookieName)?.[1];
}

/** Turns away, before any body is read, who has no key; but for routes that say that they are open. */
export function guard(app: FastifyInstance, access: Access): void {
  if (access.open) return;
  app.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.schema?.open || request.method === "OPTIONS") return;
    if (access.nameOf(request) !== undefined) return;
    reply.header("www-authenticate", "Bearer");
    throw new Refusal(
      401,
      "An API key is needed: send it as Authorization: Bearer KEY, or as X-API-Key: KEY",
    );
  });
}
