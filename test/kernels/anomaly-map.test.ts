import { describe, expect, it } from "vitest";
import { anomalyMap, energy } from "#uflow/kernels/index.js";
import { loadGolden } from "../fixtures/golden.js";

const golden = loadGolden("kernels/anomaly_map");

/** The energies of one image of the golden batch, finest first. */
function energiesOf(image: number) {
  return [0, 1, 2].map((scale) => {
    const { data, shape } = golden.tensor(`z/${scale}`);
    const [, channels, height, width] = shape as [number, number, number, number];
    const size = channels * height * width;
    const z = (data as Float32Array).slice(image * size, (image + 1) * size);
    return energy({ data: z, channels, height, width });
  });
}

describe("the anomaly map", () => {
  it.each([64, 100, 24])("equals the reference's at %i pixels", (side) => {
    const { data } = golden.tensor(`prob/${side}`);
    const count = side * side;
    for (const image of [0, 1]) {
      const map = anomalyMap(energiesOf(image), { width: side, height: side });
      map.data.forEach((value, i) => {
        expect(Math.abs(1 - value - data[image * count + i]!)).toBeLessThan(1e-6);
      });
    }
  });

  it("is 0 where there is no energy and 1 where there is very much", () => {
    const scale = { data: Float32Array.of(0, 1e30), channels: 4, height: 1, width: 2 };
    expect([...anomalyMap([scale], { width: 2, height: 1 }).data]).toEqual([0, 1]);
  });

  it("upsamples between the centres of pixels and not beyond them", () => {
    const scale = { data: Float32Array.of(0, 1e30), channels: 4, height: 1, width: 2 };
    const { data } = anomalyMap([scale], { width: 4, height: 2 });
    expect([...data]).toEqual([0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]);
  });
});

it("sums squares over the channels", () => {
  const latent = { data: Float32Array.of(1, 2, 3, -4), channels: 2, height: 1, width: 2 };
  expect(energy(latent)).toEqual({ data: Float32Array.of(10, 20), channels: 2, height: 1, width: 2 });
});
