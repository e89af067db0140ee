import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { consoleRoutes } from "#uflow/serve/routes/console.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-console-"));
  await mkdir(join(folder, "web", "assets"), { recursive: true });
  await writeFile(join(folder, "web", "index.html"), "<!doctype html><title>console</title>");
  await writeFile(join(folder, "web", "assets", "index-8f3a.js"), "export {};");
  await writeFile(join(folder, "secret"), "secret");
});

afterAll(() => rm(folder, { recursive: true }));

async function get(url: string, root = join(folder, "web")) {
  const app = fastify();
  await app.register((scope) => consoleRoutes(scope as never, root));
  return await app.inject({ url });
}

it("serves the page, which is asked for each time, and assets, which never change", async () => {
  const page = await get("/");
  expect(page.body).toContain("<title>console</title>");
  expect(page.headers).toMatchObject({
    "cache-control": "no-cache",
    "content-type": "text/html; charset=utf-8",
  });
  const script = await get("/assets/index-8f3a.js");
  expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
});

it.each(["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/assets/..%2f..%2fsecret", "/assets/%00", "/none"])(
  "serves nothing for %s",
  async (url) => {
    const { statusCode, body } = await get(url);
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('"secret"');
    expect(body).not.toBe("secret");
  },
);

it("says where it is not built", async () => {
  const { statusCode, body } = await get("/", join(folder, "nowhere"));
  expect(statusCode).toBe(200);
  expect(body).toContain("npm run build");
});
