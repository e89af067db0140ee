import { existsSync } from "node:fs";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { App } from "../parts.js";

/** Where Vite puts the console. */
const built = fileURLToPath(new URL("../../web/", import.meta.url));

/** GET /: the console. Anyone may load the page; what it shows, it asks for. */
export async function consoleRoutes(app: App, folder = built): Promise<void> {
  if (!existsSync(folder)) {
    app.get("/", { schema: { open: true } }, async (_, reply) => reply.type("text/html").send(absent));
    return;
  }
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, open: true };
  });
  await app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    setHeaders: (reply, path) => reply.header("cache-control", caching(path)),
  });
}

/** Vite's assets have their hash in their name; the page that names them must be asked for each time. */
function caching(path: string): string {
  return path.includes(`${sep}assets${sep}`) ? "public, max-age=31536000, immutable" : "no-cache";
}

const absent = `<!doctype html><html lang="en"><title>uflow</title>
<h1>uflow is running</h1>
<p>The console is not built: run <code>npm run build</code>, and start the service again.</p>
<p>The service itself answers: <a href="/openapi.json">what can be asked</a>, <a href="/v1/stats">how it fares</a>.</p>
</html>
`;
