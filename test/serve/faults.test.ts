import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Service, startService } from "#uflow/index.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { inspect } from "./client.js";

const mebibyte = 2 ** 20;
let tiny: TinyModel;
let service: Service;
/** One that gives clients the time that they need. */
let patient: Service;
let image: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  image = await readFile(join(tiny.data, "test/good/0.png"));
  service = await startService({
    models: [tiny.model],
    modelsFolder: dirname(tiny.model),
    port: 0,
    logLevel: "silent",
    bodyLimit: mebibyte,
    bodiesLimit: 4 * mebibyte,
    imagesLimit: 4,
    requestTimeout: 800,
    historyBytes: mebibyte,
    inspector: { maxPixels: 64 * 64 },
  });
  patient = await startService({ models: [tiny.model], port: 0, logLevel: "silent", bodyLimit: mebibyte });
});

afterAll(async () => {
  await service?.close();
  await patient?.close();
  await tiny?.[Symbol.asyncDispose]();
});

const post = (path: string, body: BodyInit | Buffer, type?: string) =>
  fetch(service.url + path, {
    method: "POST",
    body: body as BodyInit,
    ...(type !== undefined && { headers: { "content-type": type } }),
  });

async function isWell(): Promise<void> {
  expect((await post("/v1/inspect", image, "image/png")).status).toBe(200);
}

describe("what is wrong is told", () => {
  const form = (text: string) =>
    `--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n${text}`;

  it.each<[string, string, string | Buffer, string | undefined, number, string]>([
    [
      "a type that is not taken",
      "/v1/inspect",
      "a=b",
      "application/x-www-form-urlencoded",
      415,
      "BAD_REQUEST",
    ],
    ["JSON for an image", "/v1/inspect", "{}", "application/json", 415, "BAD_REQUEST"],
    ["an image for JSON", "/v1/models", "x", "image/png", 415, "BAD_REQUEST"],
    ["JSON that is too long", "/v1/models", " ".repeat(70_000), "application/json", 413, "BAD_REQUEST"],
    ["no JSON", "/v1/models", '{"name":', "application/json", 400, "BAD_REQUEST"],
    ["JSON that is no object", "/v1/models", "[1]", "application/json", 400, "BAD_OPTION"],
    [
      "JSON that reaches for prototypes",
      "/v1/models",
      '{"__proto__":1}',
      "application/json",
      400,
      "BAD_REQUEST",
    ],
    ["an unknown option", "/v1/inspect?modell=disc", "x", "image/png", 400, "BAD_OPTION"],
    ["a deadline of 0", "/v1/inspect?deadline=0", "x", "image/png", 400, "BAD_OPTION"],
    ["a deadline that is no number", "/v1/inspect?deadline=soon", "x", "image/png", 400, "BAD_OPTION"],
    ["two deadlines", "/v1/inspect?deadline=1&deadline=2", "x", "image/png", 400, "BAD_OPTION"],
    ["unknown parts", "/v1/inspect?parts=overlay,soul", "x", "image/png", 400, "BAD_OPTION"],
    ["a model that is none", "/v1/inspect?model=../disc", "x", "image/png", 404, "NOT_FOUND"],
    ["an image that is empty", "/v1/inspect", "", "image/png", 422, "BAD_IMAGE"],
    ["no image", "/v1/inspect", "\x89PNG\r\n\x1a\n", "image/png", 422, "BAD_IMAGE"],
    ["a form without a boundary", "/v1/inspect", "x", "multipart/form-data", 400, "BAD_REQUEST"],
    ["a form that is none", "/v1/inspect", "x", "multipart/form-data; boundary=b", 400, "BAD_REQUEST"],
    [
      "a form that ends early",
      "/v1/inspect",
      form("x"),
      "multipart/form-data; boundary=b",
      400,
      "BAD_REQUEST",
    ],
    [
      "a form without images",
      "/v1/inspect",
      "--b--\r\n",
      "multipart/form-data; boundary=b",
      400,
      "BAD_REQUEST",
    ],
    ["a body beyond the limit", "/v1/inspect", Buffer.alloc(mebibyte + 1), "image/png", 413, "BAD_REQUEST"],
    ["an address that is none", "/v1/%ff", "x", "image/png", 400, "BAD_REQUEST"],
    ["no route", "/v1/nothing", "{}", "application/json", 404, "NOT_FOUND"],
  ])("%s", async (_, path, body, type, status, code) => {
    const response = await post(path, body, type);
    const answer = await response.json();
    expect({ status: response.status, ...answer }).toEqual({
      status,
      error: { code: `ERR_UFLOW_${code}`, message: expect.stringMatching(/.{10}/) },
    });
  });

  it("an image with too many pixels, a truncated one", async () => {
    const large = await sharp({ create: { width: 65, height: 64, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const noise = await sharp(image).resize(60, 60).png().toBuffer();
    for (const bytes of [large, noise.subarray(0, noise.length / 2)]) {
      const response = await post("/v1/inspect", bytes, "image/png");
      expect([response.status, (await response.json()).error.code]).toEqual([422, "ERR_UFLOW_BAD_IMAGE"]);
    }
  });

  it("a form with too many images, or with others than images", async () => {
    const form = (names: readonly string[]) => {
      const data = new FormData();
      for (const name of names) data.append(name, new Blob([new Uint8Array(image)]), "a.png");
      return data;
    };
    expect((await post("/v1/inspect", form(Array(5).fill("image")))).status).toBe(413);
    expect((await post("/v1/inspect", form(["image", "picture"]))).status).toBe(400);
    const text = new FormData();
    text.append("image", "text");
    expect((await post("/v1/inspect", text)).status).toBeGreaterThanOrEqual(400);
    await isWell();
  });
});

/** A connection to the service, and all that came over it. */
function dial(url = service.url): { socket: Socket; answer: Promise<string> } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  const answer = new Promise<string>((resolve) => {
    socket.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
  return { socket, answer };
}

const head = (...headers: string[]) =>
  `${["POST /v1/inspect HTTP/1.1", "Host: localhost", "Content-Type: image/png", ...headers].join("\r\n")}\r\n\r\n`;

describe("a client that", () => {
  it("sends slowly is given up", async () => {
    const { socket, answer } = dial();
    socket.write(`${head("Content-Length: 1000")}abc`);
    expect(await answer).toMatch(/^HTTP\/1.1 408 .*ERR_UFLOW_BAD_REQUEST/s);
  });

  it("asks for nothing but the head of what happens does not wait for it", async () => {
    const response = await fetch(`${service.url}/v1/live`, { method: "HEAD" });
    expect(response.status).toBe(404);
    expect(await metric("live_clients")).toBe(0);
  });

  it("speaks HTTP/1.0 and names no host, as health checks do, is answered", async () => {
    const { socket, answer } = dial();
    socket.write("GET /healthz HTTP/1.0\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1.1 200 /);
  });

  it("sends headers slowly is given up", async () => {
    const { socket, answer } = dial();
    socket.write("POST /v1/inspect HTTP/1.1\r\nHost:");
    expect(await answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it("sends huge headers is told so", async () => {
    const { socket, answer } = dial();
    socket.write(head(`X-Long: ${"x".repeat(20_000)}`));
    expect(await answer).toMatch(/^HTTP\/1.1 431 .*ERR_UFLOW_BAD_REQUEST/s);
  });

  it("speaks something else is told so", async () => {
    const { socket, answer } = dial();
    socket.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1.1 400 .*ERR_UFLOW_BAD_REQUEST/s);
  });

  it("disconnects half way leaves nothing behind", async () => {
    for (let i = 0; i < 20; i++) {
      const { socket, answer } = dial();
      socket.write(head(`Content-Length: ${mebibyte}`) + "x".repeat(10_000));
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.destroy();
      await answer;
    }
    await isWell();
    expect(await bodyBytes()).toBe(0);
  });

  it("sends requests without waiting, and disconnects before the answers, leaves nothing behind", async () => {
    const request = head(`Content-Length: ${image.length}`);
    const { socket, answer } = dial();
    socket.write(Buffer.concat(Array.from({ length: 20 }, () => [Buffer.from(request), image]).flat()));
    socket.write("GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
    while ((await metric("body_bytes")) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    socket.destroy();
    await answer;
    await expect.poll(() => metric("body_bytes")).toBe(0);
    expect(await metric("live_clients")).toBe(0);
    await isWell();
  });

  it("sends a body byte by byte takes no more memory than for its bytes", async () => {
    const { socket, answer } = dial(patient.url);
    socket.write(head("Transfer-Encoding: chunked"));
    const bytes = Buffer.from("1\r\nx\r\n".repeat(20_000));
    await new Promise((resolve) => socket.write(bytes, resolve));
    const before = process.memoryUsage().heapUsed;
    for (let sent = 0; sent < 1_000_000; sent += 20_000) {
      if (!socket.write(bytes)) await drained(socket);
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * mebibyte);
    socket.write("0\r\n\r\n");
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(0);
    socket.end();
    expect(await answer).toMatch(/^HTTP\/1.1 422 .*of 1020000 bytes/s);
  }, 60_000);

  it.each(["Content-Length: 3000000", "Transfer-Encoding: chunked"])(
    "sends all of a body that is too large before it reads (%s) is told so",
    async (length) => {
      const { socket, answer } = dial(patient.url);
      const problems: Error[] = [];
      socket.on("error", (error) => problems.push(error));
      socket.pause();
      socket.write(head(length));
      const piece = Buffer.alloc(100_000);
      for (let sent = 0; sent < 30; sent++) {
        socket.write(length.startsWith("T") ? chunk(piece) : piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (length.startsWith("T")) socket.write("0\r\n\r\n");
      socket.resume();
      expect(await answer).toMatch(/^HTTP\/1.1 413 .*larger than 1048576 bytes/s);
      expect(problems).toEqual([]);
    },
  );

  it("says that it will send a gigabyte is refused before it does", async () => {
    const { socket, answer } = dial();
    socket.write(head(`Content-Length: ${2 ** 30}`));
    expect(await answer).toMatch(/^HTTP\/1.1 413 /);
    expect(await answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it.each(["image/png", "multipart/form-data; boundary=b"])(
    "sends a gigabyte of %s without saying so is cut off, with no more memory used",
    async (type) => {
      const { socket, answer } = dial();
      const before = process.memoryUsage().rss;
      socket.write(
        `POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const start = Buffer.from('--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n');
      socket.write(chunk(start));
      const piece = chunk(Buffer.alloc(mebibyte));
      let sent = 0;
      for (; sent < 1024 && !socket.destroyed; sent++) {
        if (!socket.write(piece)) await Promise.race([drained(socket), answer]);
      }
      expect(await answer).toMatch(/^(HTTP\/1.1 413 |$)/);
      expect(sent).toBeLessThan(200);
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * mebibyte);
      await isWell();
    },
  );
});

it("what arrives while the service shuts down is refused in its words", async () => {
  const closing = await startService({ models: [tiny.model], port: 0, logLevel: "silent" });
  const { socket, answer } = dial(closing.url);
  socket.write("GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n");
  expect((await inspect(closing.url, image, new Agent())).status).toBe(200);
  const closed = closing.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.write("\r\n");
  expect(await answer).toMatch(
    /^HTTP\/1.1 503 .*"code":"ERR_UFLOW_CLOSED","message":"The service is shutting/s,
  );
  expect(await answer).toMatch(/\r\nretry-after: \d+\r\n/);
  expect(await answer).toMatch(/\r\nconnection: close\r\n/i);
  expect(await closed).toBe(true);
});

const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);

const drained = (socket: Socket) => new Promise<void>((resolve) => socket.once("drain", () => resolve()));

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^uflow_${name} (\\S+)$`, "m").exec(text)![1]);
}

const bodyBytes = () => metric("body_bytes");

describe("many clients", () => {
  it("whose bodies are too many bytes together are told to come back", async () => {
    const waiting = Array.from({ length: 4 }, () => dial());
    for (const { socket } of waiting) socket.write(`${head(`Content-Length: ${mebibyte}`)}x`);
    while ((await bodyBytes()) < 4 * mebibyte) await new Promise((resolve) => setTimeout(resolve, 10));
    const refused = await post("/v1/inspect", image, "image/png");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    // One that sends the rest after the answer reads it all the same.
    const slow = dial();
    const problems: Error[] = [];
    slow.socket.on("error", (error) => problems.push(error));
    slow.socket.pause();
    slow.socket.write(head("Content-Length: 1000000"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let sent = 0; sent < 10; sent++) {
      slow.socket.write(Buffer.alloc(100_000));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    slow.socket.resume();
    expect(await slow.answer).toMatch(/^HTTP\/1.1 429 .*ERR_UFLOW_BUSY/s);
    expect(problems).toEqual([]);
    for (const { socket } of waiting) socket.destroy();
    while ((await bodyBytes()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await isWell();
  });

  it("each get a verdict or are told to come back", async () => {
    const options = {
      models: [tiny.model],
      port: 0,
      logLevel: "silent",
      inspector: { queueSize: 50 },
    } as const;
    await using busy = await startService(options);
    const agent = new Agent({ keepAlive: true });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => inspect(busy.url, image, agent, `?station=${i % 7}`)),
    );
    agent.destroy();
    const good = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(good.length + refused.length).toBe(1000);
    expect(good.length).toBeGreaterThanOrEqual(50);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body } of good) expect(body.results[0]!.verdict).toMatch(/^(good|anomalous)$/);
    for (const { body, retryAfter } of refused) {
      expect(body.error!.code).toBe("ERR_UFLOW_BUSY");
      expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
    }
    expect((await inspect(busy.url, image, new Agent())).status).toBe(200);
  });
});
