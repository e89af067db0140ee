import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { onTinyDisk } from "../../fixtures/tiny-disk.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-disk-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store on the tiny disk in which the backbone `mine` is. */
const prepare = `
  import { execFileSync } from "node:child_process";
  import { createServer } from "node:http";
  import { readdirSync, statSync, writeFileSync } from "node:fs";
  import { openStore } from "#uflow/weights/store/index.js";
  const folder = process.argv[1];
  const home = folder + "/home";
  const weights = (bytes) => {
    const content = Buffer.alloc(bytes, 32);
    content.writeBigUInt64LE(2n);
    content.write("{}", 8);
    return content;
  };
  const given = folder + "/given.safetensors";
  writeFileSync(given, weights(1000));
  await openStore(home).import([given], { as: "mine" });
  const refusal = ({ code, message }) => ({ code, message });
`;

const pullOf = (bytes: number, headers: string) => `${prepare}
  const content = weights(${bytes});
  const server = createServer((_, response) => response.writeHead(200, ${headers}).end(content));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = "http://127.0.0.1:" + server.address().port;
  const refused = await openStore(home).pull("resnet18", { host }).catch(refusal);
  const kept = readdirSync(home + "/partial").map((name) => statSync(home + "/partial/" + name).size > 2 ** 19);
  const { state } = (await openStore(home).list())[0];
  const mine = await openStore(home).find("mine");
  const stored = readdirSync(home + "/blobs/sha256").length;
  console.log(JSON.stringify({ refused, kept, state, mine: mine.files.length, stored }));
  server.close();
`;

const megabytes = 2 ** 20;
it.for<[string, number, string, boolean[]]>([
  [
    "before it begins, where the server says how much will come",
    3 * megabytes,
    `{ etag: '"1"', "content-length": content.length }`,
    [],
  ],
  ["in the middle, and what has arrived is kept to go on from", 3 * megabytes, `{ etag: '"1"' }`, [true]],
  ["in the middle, where nothing can be gone on from", 3 * megabytes, "{}", []],
  ["at the end, and what has arrived is kept", 0.7 * megabytes, `{ etag: '"1"' }`, [true]],
])("a full disk is named %s, and nothing else is lost", ([, bytes, headers, kept], context) => {
  if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
  const { stdout } = onTinyDisk(folder, pullOf(Math.floor(bytes), headers));
  expect(JSON.parse(stdout)).toEqual({
    refused: { code: "ERR_UFLOW_OUTPUT", message: expect.stringContaining("the disk is full") },
    kept,
    state: "available",
    mine: 1,
    stored: 1,
  });
});

it("a store that cannot be written can be read", (context) => {
  if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
  const program = `${prepare}
    await openStore(home).import([given], { as: "resnet18" });
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const store = openStore(home);
    const found = [await store.find("mine"), await store.pull("resnet18"), ...(await store.list())];
    const pulled = await store.pull("wide_resnet50_2", { host: "http://127.0.0.1:9" }).catch(refusal);
    const imported = await store.import([given], { as: "another" }).catch(refusal);
    console.log(JSON.stringify({ found: found.map(({ name }) => name), pulled, imported }));`;
  const { stdout } = onTinyDisk(folder, program);
  const refused = { code: "ERR_UFLOW_OUTPUT", message: expect.stringContaining("the disk is read-only") };
  expect(JSON.parse(stdout)).toEqual({
    found: ["mine", "resnet18", "resnet18", "wide_resnet50_2", "mcait", "mine"],
    pulled: refused,
    imported: refused,
  });
});
