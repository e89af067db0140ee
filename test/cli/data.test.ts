import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";
import { uflow } from "../fixtures/command.js";

let product: TinyProduct;
beforeAll(async () => {
  product = await tinyProduct();
});
afterAll(() => product[Symbol.asyncDispose]());

it("says what there is, and ends with 0 where there are only warnings", async () => {
  const { status, stdout, stderr } = await uflow(["data", product.data, "--deep"]);
  expect(status).toBe(0);
  for (const text of ["layout mvtec", "8 good", "3 good, 5 defective", "hole 3 (3 masks)", "64 × 64 (16)"])
    expect(stdout).toContain(text);
  expect(stdout.match(/warning: .*stripe.*has no mask/g)).toHaveLength(2);
  expect(stderr).toContain(`No errors, 2 warnings. Next: uflow train --data ${product.data}`);
});

it("says what to do next in words that can be copied, whatever the folder is called", async () => {
  const data = join(product.scratch, "my parts");
  await cp(product.data, data, { recursive: true });
  const { stderr } = await uflow(["data", data]);
  expect(stderr).toContain(`uflow train --data '${data}' --out 'my parts.uflow'`);
  await rm(data, { recursive: true });
});

it("ends with 1 where training or evaluation would stop, and prints one document", async () => {
  for (let i = 0; i < 7; i++) await writeFile(join(product.data, "train", "good", `bad${i}.png`), "");
  const { status, stdout } = await uflow(["data", product.data, "--json"]);
  expect(status).toBe(1);
  const { usable, categories } = JSON.parse(stdout);
  expect(usable).toBe(false);
  expect(
    categories[0].problems.filter(({ severity }: { severity: string }) => severity === "error"),
  ).toHaveLength(7);
  const people = await uflow(["data", product.data]);
  expect(people.stdout).toContain("… and 2 more like this");
  expect(people.stderr).toContain("7 errors, 2 warnings");
  for (let i = 0; i < 7; i++) await rm(join(product.data, "train", "good", `bad${i}.png`));
});

it("writes no name that a terminal would obey, and keeps its lines", async () => {
  const kind = join(product.data, "test", "a\nb\u001b[31m");
  await mkdir(kind);
  await cp(join(product.data, "test", "hole", "0.png"), join(kind, "0.png"));
  const { stdout } = await uflow(["data", product.data]);
  await rm(kind, { recursive: true });
  expect(stdout).toContain("a\ufffdb\ufffd[31m 1 (0 masks)");
  expect(stdout).toMatch(/warning: .*a\ufffdb\ufffd\[31m.*has no mask/);
  expect(stdout).not.toContain("\u001b");
});

it("refuses a layout that there is not", async () => {
  const { status, stderr } = await uflow(["data", product.data, "--layout", "coco"]);
  expect(stderr).toMatch(/--layout: .*"mvtec-loco".*received "coco" \(ERR_UFLOW_BAD_OPTION\)/);
  expect(status).toBe(2);
});
