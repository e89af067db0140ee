import { expect, it } from "vitest";
import { parseJson } from "#uflow/serve/kserve/json.js";

const parse = (text: string) => parseJson(Buffer.from(text));

it("parses what JSON is, whatever stands in its strings", () => {
  const texts = ['"[[["', String.raw`"\\"`, String.raw`"\\\"[["`, `"${"[{".repeat(2000)}"`, "é]", ""];
  for (const text of texts)
    expect(parse(JSON.stringify([text, { a: [text] }]))).toEqual([text, { a: [text] }]);
  expect(parse(String.raw`{"a\"[":[1,[2]],"b":"\\"}`)).toEqual({ 'a"[': [1, [2]], b: "\\" });
});

it.each(["", "{", '"', '"\\', "[1,]", "\u00e9"])("refuses %j, which is none", (text) => {
  expect(() => parse(text)).toThrow(/no JSON/);
});

it.each([
  ["too many levels", "[".repeat(100_000) + "]".repeat(100_000)],
  ["too many levels after a string", `["\\"",${"[".repeat(40)}${"]".repeat(40)}]`],
  ["too many objects", `[${"{},".repeat(1000)}{}]`],
  ["too many lists", `[${"[],".repeat(1_100_000)}[]]`],
])("refuses %s before it is parsed", (_, text) => {
  expect(() => parse(text)).toThrow(/more than 1100000 lists, 1000 objects or 32 levels/);
});
