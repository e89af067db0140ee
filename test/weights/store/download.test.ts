import { type FileHandle, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { type DownloadOptions, download } from "#uflow/weights/store/download.js";
import {
  type Answer,
  fakeWeights,
  file,
  Hub,
  hubAnswer,
  redirect,
  type Serving,
  sha256,
  status,
} from "./hub.js";

let folder: string;
let hub: Hub;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-download-"));
  hub = await new Hub().listen();
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const bytes = fakeWeights();
const quick = { attempts: 3, retryDelay: 1, stallTimeout: 10_000 };
/** For what is silent on purpose; a busy machine is silent for less. */
const impatient = { stallTimeout: 300 };

/** Downloads from the server that gives these answers one after the other. */
async function get(answers: Answer[], options: DownloadOptions = {}) {
  hub.answers = answers;
  const recipient = {
    named: async () => undefined,
    take: async (file: FileHandle, named: string | undefined) => ({ content: await file.readFile(), named }),
  };
  return download(`${hub.host}/file`, folder, recipient, { ...quick, ...options });
}

const refused = (message: RegExp) => ({
  code: "ERR_UFLOW_DOWNLOAD",
  message: expect.stringMatching(message),
});
const ranges = () => hub.requests.map(({ range }) => range);

describe("a well-behaved server", () => {
  it("gives the file, and nothing is left in the folder", async () => {
    const seen: [number, number | undefined][] = [];
    const onProgress = (done: number, total: number | undefined) => seen.push([done, total]);
    const { content, named } = await get([file(bytes)], { onProgress });
    expect(content.equals(bytes)).toBe(true);
    expect(named).toBeUndefined();
    expect(seen[0]).toEqual([0, bytes.length]);
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("names the SHA-256 before it redirects; what the bytes' own server calls them is no SHA-256", async () => {
    const { named } = await get([hubAnswer(bytes), file(bytes, { etag: `"${"0".repeat(64)}"` })]);
    expect(named).toBe(sha256(bytes));
    // The hub on one origin, the bytes on another: only the hub's etag counts.
    const elsewhere = hub.host.replace("127.0.0.1", "localhost");
    const bare = await get([redirect(`${elsewhere}/cdn`), file(bytes, { etag: `"${"0".repeat(64)}"` })]);
    expect(bare.named).toBeUndefined();
    const direct = await get([file(bytes, { etag: `"${sha256(bytes)}"` })]);
    expect(direct.named).toBe(sha256(bytes));
  });

  it("may announce no length", async () => {
    const totals = new Set<number | undefined>();
    const { content } = await get([file(bytes, { chunked: true })], {
      onProgress: (_, total) => totals.add(total),
    });
    expect(content.equals(bytes)).toBe(true);
    expect([...totals]).toEqual([undefined]);
  });

  it("may be slow to begin", async () => {
    const slow: Answer = (request, response) => void setTimeout(() => file(bytes)(request, response), 100);
    expect((await get([slow])).content.equals(bytes)).toBe(true);
    expect(hub.requests).toHaveLength(1);
  });

  it("is not asked for bytes that the recipient has", async () => {
    hub.answers = [hubAnswer(bytes), file(bytes, { silentAfter: 0 })];
    const recipient = { named: async (sum: string) => sum, take: () => Promise.reject(new Error("taken")) };
    expect(await download(`${hub.host}/file`, folder, recipient, quick)).toBe(sha256(bytes));
  });
});

describe("a download that is broken off", () => {
  const half = 150_000;

  it.each<[string, Serving]>([
    ["cut off", { cutAfter: half }],
    ["silent", { silentAfter: half }],
  ])("goes on where it was %s", async (_, serving) => {
    const { content } = await get([file(bytes, serving), file(bytes)], impatient);
    expect(content.equals(bytes)).toBe(true);
    expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
  });

  it("goes on in a later run", async () => {
    await expect(get([file(bytes, { cutAfter: half })], { attempts: 1 })).rejects.toMatchObject(
      refused(/only|connection broke/),
    );
    expect(await readdir(folder)).toHaveLength(1);
    expect((await get([file(bytes)])).content.equals(bytes)).toBe(true);
    expect(ranges().at(-1)).toBe(`bytes=${half}-`);
    expect(await readdir(folder)).toEqual([]);
  });

  it("counts attempts anew when it got further", async () => {
    const cut = file(bytes, { cutAfter: 50_000 });
    expect((await get([cut, cut, cut, cut, cut, file(bytes)])).content.equals(bytes)).toBe(true);
  });

  it("starts again where the server does not send parts", async () => {
    const whole = file(bytes, { ranges: false });
    expect((await get([file(bytes, { cutAfter: half }), whole])).content.equals(bytes)).toBe(true);
    // Always cut at the same place, it gets no further.
    await expect(get([file(bytes, { ranges: false, cutAfter: half })])).rejects.toMatchObject(
      refused(/Cannot download/),
    );
    expect(hub.requests.length).toBe(2 + 3);
  });

  it("starts again without an etag that stands for every byte", async () => {
    for (const etag of ['W/"1"', `"${"x".repeat(200)}"`]) {
      hub.requests.length = 0;
      expect(
        (await get([file(bytes, { etag, cutAfter: half }), file(bytes, { etag })])).content.equals(bytes),
      ).toBe(true);
      expect(ranges()).toEqual([undefined, undefined]);
    }
    await expect(get([file(bytes, { etag: "W/", cutAfter: half })], { attempts: 1 })).rejects.toMatchObject(
      refused(/./),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("takes the new file when it changes in between", async () => {
    const other = fakeWeights(200_000);
    expect((await get([file(bytes, { cutAfter: half }), file(other)])).content.equals(other)).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not join parts of two files though the server would", async () => {
    const other = fakeWeights();
    const careless: Answer = (request, response) => {
      request.headers["if-range"] = '"new"';
      file(other, { etag: '"new"' })(request, response);
    };
    expect((await get([file(bytes, { cutAfter: half }), careless, careless])).content.equals(other)).toBe(
      true,
    );
  });

  it("does not take another part than it asked for", async () => {
    const wrong: Answer = (_, response) =>
      void response
        .writeHead(206, { "content-range": `bytes 10-${bytes.length - 1}/${bytes.length}` })
        .end(bytes.subarray(10));
    await expect(get([wrong])).rejects.toMatchObject(refused(/mixed up/));
    expect((await get([file(bytes, { cutAfter: half }), wrong, file(bytes)])).content.equals(bytes)).toBe(
      true,
    );
  });

  it("starts again when another process finishes in between", async () => {
    const rest = file(bytes);
    const meanwhile: Answer = async (request, response) => {
      for (const name of await readdir(folder)) await rm(join(folder, name));
      rest(request, response);
    };
    expect((await get([file(bytes, { cutAfter: half }), meanwhile, rest])).content.equals(bytes)).toBe(true);
    // Also while the rest comes: what has come is whole, whatever its name stands for by then.
    const later: Answer = async (_, response) => {
      response.writeHead(206, {
        etag: `"${sha256(bytes).slice(0, 32)}"`,
        "content-range": `bytes ${half}-${bytes.length - 1}/${bytes.length}`,
      });
      response.write(bytes.subarray(half, half + 1000));
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const name of await readdir(folder)) {
        await rm(join(folder, name));
        await writeFile(join(folder, name), bytes.subarray(0, 10));
      }
      response.end(bytes.subarray(half + 1000));
    };
    hub.requests.length = 0;
    expect((await get([file(bytes, { cutAfter: half }), later])).content.equals(bytes)).toBe(true);
    expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
  });

  it("asks for nothing more when everything is there", async () => {
    const full = async () => {
      throw new UflowError("ERR_UFLOW_OUTPUT", "the disk is full");
    };
    hub.answers = [file(bytes)];
    const recipient = { named: async () => undefined, take: full };
    await expect(download(`${hub.host}/file`, folder, recipient, quick)).rejects.toThrow("the disk is full");
    expect((await get([file(bytes)])).content.equals(bytes)).toBe(true);
    expect(ranges().at(-1)).toBe(`bytes=${bytes.length}-`);
  });

  it("keeps what has arrived when it is cancelled", async () => {
    const controller = new AbortController();
    const onProgress = (done: number) => done >= half && controller.abort();
    const stopped = get([file(bytes, { silentAfter: half })], { signal: controller.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    await get([file(bytes)]);
    expect(ranges()).toEqual([undefined, `bytes=${half}-`]);
    // Also while it waits, and before it begins.
    const waiting = get([status(503)], {
      signal: AbortSignal.timeout(50),
      retryDelay: 60_000,
    });
    await expect(waiting).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    await expect(get([file(bytes)], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ERR_UFLOW_ABORTED",
    });
  });
});

describe("a server that lies about the length", () => {
  it("is given up when less comes than it announces", async () => {
    const short = file(bytes, { announce: bytes.length + 1000, ranges: false });
    await expect(get([short])).rejects.toMatchObject(refused(/Cannot download/));
  });

  it("is refused when more comes than it announces", async () => {
    const long: Answer = (_, response) =>
      void response
        .writeHead(200, { etag: '"1"', "transfer-encoding": "chunked", "x-linked-size": "1000" })
        .end(bytes);
    await expect(get([long])).rejects.toMatchObject(refused(/more than the 1000 bytes/));
    expect(await readdir(folder)).toEqual([]);
  });

  it("is refused when its headers contradict each other", async () => {
    const two = file(bytes, { announce: 1000, headers: { "x-linked-size": String(bytes.length) } });
    await expect(get([two])).rejects.toMatchObject(refused(/by one header and 1000 by another/));
  });
});

describe("a server that refuses", () => {
  it.each([401, 403, 404, 410])("with %i is asked once", async (code) => {
    await expect(get([status(code)])).rejects.toMatchObject(refused(new RegExp(`answers HTTP ${code}`)));
    expect(hub.requests).toHaveLength(1);
  });

  it.each([408, 429, 500, 502, 503])("with %i is asked again", async (code) => {
    const reasons: string[] = [];
    const onRetry = (reason: string) => reasons.push(reason);
    expect((await get([status(code), status(code), file(bytes)], { onRetry })).content.equals(bytes)).toBe(
      true,
    );
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toContain(`HTTP ${code}`);
    await expect(get([status(code)])).rejects.toMatchObject(refused(new RegExp(`HTTP ${code}`)));
    expect(hub.requests).toHaveLength(3 + 3);
  });

  it("is waited for as long as it asks, within bounds", async () => {
    const waits: number[] = [];
    const onRetry = (_: string, delay: number) => waits.push(delay);
    const date = new Date(Date.now() - 5000).toUTCString();
    const busy = [status(429, { "retry-after": "0" }), status(503, { "retry-after": date })];
    await get([...busy, file(bytes)], { onRetry, retryDelay: 60_000 });
    expect(waits).toEqual([0, 0]);
    await expect(get([status(429, { "retry-after": "3600" })])).rejects.toMatchObject(refused(/HTTP 429/));
    expect(hub.requests).toHaveLength(4);
  });

  it("is given up when nobody listens there", async () => {
    const { host } = hub;
    await hub[Symbol.asyncDispose]();
    const recipient = { named: async () => undefined, take: async () => undefined };
    await expect(download(`${host}/file`, folder, recipient, quick)).rejects.toMatchObject(
      refused(/the connection was refused: 127\.0\.0\.1/),
    );
    hub = await new Hub().listen();
  });

  it("is given up when it never answers", async () => {
    await expect(get([() => {}], { ...impatient, attempts: 1 })).rejects.toMatchObject(
      refused(/no answer in time/),
    );
  });
});

describe("redirects", () => {
  it("are followed, but not for ever", async () => {
    expect((await get([redirect("/b"), redirect("c"), file(bytes)])).content.equals(bytes)).toBe(true);
    expect(hub.requests.map(({ url }) => url)).toEqual(["/file", "/b", "/c"]);
    await expect(get([redirect("/file")])).rejects.toMatchObject(refused(/redirects more than 10 times/));
  });

  it("must lead to an address", async () => {
    for (const to of ["ftp://host/file", "http://[", "file:///etc/passwd"])
      await expect(get([redirect(to)])).rejects.toMatchObject(refused(/which is no address/));
  });
});

it("a connection that breaks before its bytes are read does not end the process", async () => {
  const slow = { named: () => new Promise<undefined>((resolve) => setTimeout(resolve, 100)) };
  const recipient = { ...slow, take: (file: FileHandle) => file.readFile() };
  hub.answers = [hubAnswer(bytes), file(bytes, { cutAfter: 100_000 }), hubAnswer(bytes), file(bytes)];
  const content = await download(`${hub.host}/file`, folder, recipient, quick);
  expect(content?.equals(bytes)).toBe(true);
});

it("several at once share what has arrived, and all end well", async () => {
  hub.answers = [file(bytes, { silentAfter: 100_000 }), file(bytes, { cutAfter: 50_000 }), file(bytes)];
  const recipient = { named: async () => undefined, take: (file: FileHandle) => file.readFile() };
  const all = [1, 2, 3].map(() =>
    download(`${hub.host}/file`, folder, recipient, { ...quick, ...impatient }),
  );
  for (const content of await Promise.all(all)) expect(content.equals(bytes)).toBe(true);
  expect(await readdir(folder)).toEqual([]);
});

it("says what is in the way when the folder cannot be written", async () => {
  const blocked = join(folder, "file");
  await writeFile(blocked, "");
  hub.answers = [file(bytes)];
  const recipient = { named: async () => undefined, take: async () => undefined };
  await expect(download(`${hub.host}/file`, join(blocked, "x"), recipient, quick)).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
  });
});

describe("a proxy of the environment", () => {
  const names = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
  const before = names.map((name) => process.env[name]);
  afterEach(() => {
    names.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  });

  it("is gone through, unless NO_PROXY excepts the host", async () => {
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      tunnels.push(request.url!);
      const { port, hostname } = new URL(hub.host);
      const target = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      target.pipe(socket).pipe(target);
      for (const end of [target, socket]) end.on("error", () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    hub.answers = [file(bytes)];
    const recipient = { named: async () => undefined, take: (file: FileHandle) => file.readFile() };
    const there = await download("http://hub.invalid/file", folder, recipient, quick);
    expect(there.equals(bytes)).toBe(true);
    process.env.NO_PROXY = "127.0.0.1";
    await get([file(bytes)]);
    expect(tunnels).toEqual(["hub.invalid:80"]);
    proxy.close();
    proxy.closeAllConnections();
  });
});
