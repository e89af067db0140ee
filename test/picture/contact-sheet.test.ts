import sharp from "sharp";
import { expect, it } from "vitest";
import { renderContactSheet, type SheetPart } from "#uflow/picture/contact-sheet.js";

function part(caption: string, { width = 40, height = 40, level = 120 } = {}): SheetPart {
  const frame = { data: new Uint8Array(width * height).fill(level), width, height, channels: 1 as const };
  const anomalyMap = { data: new Float32Array(64).fill(1), width: 8, height: 8 };
  return { caption, frame, anomalyMap, regions: [], anomalous: false, logNfa: 1, defective: true };
}

const truth = { data: new Uint8Array(4).fill(1), width: 2, height: 2 };

it("sets cards in columns, with a panel for each view, of whatever size the images are", async () => {
  const parts = [part("a.png"), part("b.png", { width: 900, height: 300, level: 200 }), part("c.png")];
  const png = await renderContactSheet([{ title: "disc / scratch", parts }], {
    title: "Sheet",
    panelWidth: 100,
  });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const card = 2 * 12 + 3 * 100 + 2 * 6;
  expect(info.width).toBe(2 * 40 + 2 * card + 20);
  const row = 12 + 100 + 34 + 20;
  expect(info.height).toBe(86 + 78 + 2 * row + 20);
  const at = (x: number, y: number) => data[(y * info.width + x) * info.channels]!;
  const top = 86 + 78 + 12;
  expect(at(40 + 12 + 50, top + 50)).toBe(120);
  const second = 40 + card + 20 + 12 + 50;
  expect(at(second, top + 50)).toBe(200);
  expect(at(second, top + 10)).toBeLessThan(40);
});

it("takes parts one at a time from a generator, with the ground truth", async () => {
  const made: number[] = [];
  async function* parts() {
    for (let i = 0; i < 3; i++) {
      made.push(i);
      yield { ...part(`${i}.png`), truth };
    }
  }
  const options = { title: "Sheet", groundTruth: true, columns: 1, panelWidth: 64 };
  const png = await renderContactSheet([{ title: "a", note: "3 parts", parts: parts() }], options);
  expect(made).toEqual([0, 1, 2]);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const x = 40 + 12 + (64 + 6) + 32;
  expect(data[((86 + 78 + 12 + 32) * info.width + x) * info.channels]).toBe(255);
});

it("says of a part that it has no mask, in the place of an empty panel", async () => {
  const options = { title: "Sheet", groundTruth: true, columns: 1, panelWidth: 64 };
  const sheet = await renderContactSheet([{ title: "a", parts: [part("a.png")] }], options);
  const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
  const [left, top] = [40 + 12 + 64 + 6, 86 + 78 - 34 + 12];
  const panel = Array.from({ length: 64 * 64 }, (_, i) => {
    const [x, y] = [left + (i % 64), top + Math.floor(i / 64)];
    return data[(y * info.width + x) * info.channels]!;
  });
  expect(Math.max(...panel)).toBeGreaterThan(100);
});

it("is the same every time, also with nothing to show", async () => {
  const sheet = () =>
    renderContactSheet([{ title: "none", parts: [] }], { title: "Empty", subtitle: "nothing" });
  expect((await sheet()).equals(await sheet())).toBe(true);
});
