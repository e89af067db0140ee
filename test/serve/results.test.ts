import { expect, it } from "vitest";
import { Results } from "#uflow/serve/results.js";

const query = { limit: 500 };

function filled(limits: { count: number; bytes: number }, images: readonly number[]): Results {
  const results = new Results(limits);
  images.forEach((bytes, i) => {
    const id = String(i);
    results.add({ id, regions: [] } as never, { image: new Uint8Array(bytes) });
  });
  return results;
}

const idsOf = (results: Results) => results.find(query).map(({ id }) => id);

it("keeps the last of so many", () => {
  expect(idsOf(filled({ count: 2, bytes: 1e9 }, [1, 1, 1]))).toEqual(["2", "1"]);
});

it("keeps the last of so many bytes", () => {
  const results = filled({ count: 100, bytes: 30_000 }, [10_000, 10_000, 10_000, 10_000]);
  expect(idsOf(results)).toEqual(["3", "2"]);
  expect(results.bytes).toBeLessThanOrEqual(30_000);
});

it("keeps a result without its image where that is larger than all that may be kept", () => {
  const results = filled({ count: 100, bytes: 30_000 }, [1000, 40_000]);
  expect(idsOf(results)).toEqual(["1", "0"]);
  expect(results.get("1")!.evidence).toBe(undefined);
  expect(results.get("0")!.evidence).toBeDefined();
});

it("keeps the last result, whatever the limits", () => {
  expect(idsOf(filled({ count: 1, bytes: 0 }, [1, 1]))).toEqual(["1"]);
});
