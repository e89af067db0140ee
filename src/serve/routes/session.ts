import { cookieName, sessionAge } from "../access.js";
import { sessionBodySchema, sessionSchema } from "../api.js";
import type { App, Parts } from "../parts.js";
import { Refusal } from "../refusal.js";

const tags = ["session"];

/** /v1/session: a cookie in place of the key, for pages. */
export async function sessionRoutes(app: App, { access }: Parts): Promise<void> {
  const show = {
    summary: "Whose session it is; status 401 where a key is needed",
    tags,
    open: true,
    answer: sessionSchema,
  };
  app.get("/v1/session", { schema: show }, async (request) => {
    if (access.open) return { name: null };
    const name = access.nameOf(request);
    if (name === undefined) throw new Refusal(401, "A key is needed: POST /v1/session takes it");
    return { name };
  });

  const begin = {
    summary: "Begins a session of twelve hours",
    tags,
    open: true,
    body: sessionBodySchema,
    answer: sessionSchema,
  };
  app.post("/v1/session", { schema: begin }, async ({ body, headers }, reply) => {
    if (access.open) return { name: null };
    const { name, token } = access.begin(body.key);
    reply.header("set-cookie", cookie(token, sessionAge, headers["x-forwarded-proto"] === "https"));
    return { name };
  });

  const end = { summary: "Ends the session", tags, open: true };
  app.delete("/v1/session", { schema: end }, async ({ headers }, reply) => {
    access.end(headers.cookie);
    return reply
      .header("set-cookie", cookie("", 0, false))
      .code(204)
      .send();
  });
}

/** For this site's own pages only, and for no script. */
function cookie(token: string, age: number, secure: boolean): string {
  return `${cookieName}=${token}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
}
