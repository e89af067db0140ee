import { describe, expect, it } from "vitest";
import { findCategories, readDataset } from "#uflow/image/datasets/index.js";
import { refusedDataset, scratchTree } from "./tree.js";

const tree = scratchTree();
const head = "image,split,label,mask\n";
const list = async (text: string) => {
  await tree.write("lists/parts.csv", text);
  return tree.at("lists/parts.csv");
};

it("takes paths from the folder of the list, which they may leave", async () => {
  const path = await list(
    '\uFEFFmask,comment,label,image,split\r\n,"a ""fine"" one",good,../a.png,train\r\n,,good,"with, comma.png",validation\r\n\r\n../gt/b.png,,hole,/data/b.png,test\r\n',
  );
  expect(await readDataset(path)).toEqual({
    layout: "csv",
    train: [tree.at("a.png")],
    validation: [tree.at("lists/with, comma.png")],
    test: [{ path: "/data/b.png", defect: "hole", mask: tree.at("gt/b.png") }],
  });
  expect(await findCategories(path)).toEqual([{ name: "parts", path, layout: "csv" }]);
});

describe("names the line of what is wrong", () => {
  const wrong: [text: string, message: RegExp][] = [
    ["", /must name the columns image, split, label, mask, but image, split, label, mask is not among ""/],
    [head, /lists no images/],
    ["image,split,label\na,train,good\n", /but mask is not among "image,split,label"/],
    [
      `${head}a,train,good,\na.png,exam,good,\n`,
      /line 3: split must be train, validation, test, but is "exam"/,
    ],
    [`${head}a,train,hole,\n`, /line 2: only good images.*"a" is labelled "hole"/],
    [`${head}a,test,Good,\n`, /line 2: "Good" would be a kind of defect; good images are called "good"/],
    ["image,image,split,label,mask\na,b,train,good,\n", /names the column image twice/],
    [`${head}a,test,,\n`, /line 2: label must be/],
    [`${head},test,good,\n`, /line 2: there is no image/],
    [`${head}a,test,good,m.png\n`, /line 2: a good image has no mask/],
    [`${head}a,train,good,\n./a,test,good,\n`, /line 3: ".\/a" is listed on line 2 already/],
    [`${head}a\0b,test,good,\n`, /line 2: a path with a zero byte/],
    [`${head}a,train,good\n`, /Record Length.*line 2/i],
    [`${head}"a,train,good,\n`, /Quote Not Closed/i],
    [`${head}"${"a".repeat(70000)}",train,good,\n`, /record.*size/i],
  ];
  it.each(wrong)("%#", async (text, message) => {
    await expect(readDataset(await list(text))).rejects.toMatchObject(refusedDataset(message));
  });
});

it("is no list when it is called otherwise, or a folder", async () => {
  await tree.write("list.txt", head);
  await expect(readDataset(tree.at("list.txt"))).rejects.toMatchObject(
    refusedDataset(/not a folder, nor a CSV/),
  );
  await expect(readDataset(tree.root, { layout: "csv" })).rejects.toMatchObject(refusedDataset(/CSV/));
});
