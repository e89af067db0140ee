import { describe, expect, it } from "vitest";
import { Covariance } from "#uflow/flow/whitening.js";
import { Random } from "#uflow/random.js";

const channels = 7;
const random = new Random(4);
/** Correlated, and of very different variance. */
const mixing = Float64Array.from({ length: channels * channels }, () => random.normal());
function vector(): Float64Array {
  const independent = Float64Array.from({ length: channels }, (_, i) => 4 ** -i * random.normal());
  return Float64Array.from({ length: channels }, (_, i) =>
    independent.reduce((sum, x, j) => sum + mixing[i * channels + j]! * x, i - 2),
  );
}

function covarianceOf(vectors: readonly Float64Array[]): Covariance {
  const covariance = new Covariance(vectors[0]!.length);
  for (const x of vectors) covariance.add(x);
  return covariance;
}

describe("the whitening of vectors", () => {
  const vectors = Array.from({ length: 4000 }, vector);
  const { matrix, offset } = covarianceOf(vectors).whitening();
  const whitened = vectors.map((x) =>
    Float64Array.from(offset, (sum, i) =>
      x.reduce((all, xj, j) => all + matrix[i * channels + j]! * xj, sum),
    ),
  );
  const mean = (of: (x: Float64Array) => number) =>
    whitened.reduce((sum, x) => sum + of(x), 0) / whitened.length;

  it("leaves no mean", () => {
    for (let i = 0; i < channels; i++) expect(mean((x) => x[i]!)).toBeCloseTo(0, 4);
  });

  it("leaves the identity as covariance, but for a thousandth of the mean variance that is added first", () => {
    const centre = Array.from(offset, (_, i) => vectors.reduce((sum, x) => sum + x[i]!, 0) / vectors.length);
    const variances = centre.map(
      (m, i) => vectors.reduce((sum, x) => sum + (x[i]! - m) ** 2, 0) / vectors.length,
    );
    const added = (1e-3 * variances.reduce((sum, variance) => sum + variance)) / channels;
    const row = (i: number) => matrix.subarray(i * channels, (i + 1) * channels);
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j <= i; j++) {
        const product = row(i).reduce((sum, x, k) => sum + x * row(j)[k]!, 0);
        expect(mean((x) => x[i]! * x[j]!)).toBeCloseTo(Number(i === j) - added * product, 4);
      }
    }
  });

  it("is lower triangular", () => {
    for (let i = 0; i < channels; i++) {
      for (let j = i + 1; j < channels; j++) expect(matrix[i * channels + j]).toBe(0);
    }
  });
});

it("scales nothing where nothing varies, and leaves a dead channel finite", () => {
  const same = covarianceOf(Array.from({ length: 9 }, () => Float64Array.of(2, 2))).whitening();
  expect(same).toEqual({ matrix: Float32Array.of(1, 0, 0, 1), offset: Float32Array.of(-2, -2) });
  const dead = covarianceOf(
    Array.from({ length: 99 }, () => Float64Array.of(random.normal(), 0)),
  ).whitening();
  expect([...dead.matrix, ...dead.offset].every(Number.isFinite)).toBe(true);
});

it("is refused where a vector is not finite", () => {
  const broken = covarianceOf([Float64Array.of(1, 2), Float64Array.of(Number.NaN, 2)]);
  expect(() => broken.whitening()).toThrow(/not all finite/);
});
