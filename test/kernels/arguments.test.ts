import { describe, expect, it } from "vitest";
import * as kernels from "#uflow/kernels/index.js";

const energy = (data: unknown, more = {}) => ({ data, channels: 2, height: 2, width: 2, ...more });
const good = energy(new Float32Array(4));
const latent = energy(new Float32Array(8));
const to = { width: 4, height: 4 };

function detached(): Float32Array {
  const array = new Float32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** A description whose last property, when read, takes the memory of the first away. */
function treacherous() {
  const data = new Float32Array(4);
  return [
    { ...good, data },
    {
      ...good,
      get data() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return new Float32Array(4);
      },
    },
  ];
}

const nan = Float32Array.of(1, Number.NaN, 2, 3);
const { POSITIVE_INFINITY: infinity } = Number;
const image = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };

const frame = { data: new Uint8Array(16), width: 4, height: 2, format: "Mono12" };
const tooBright = Uint16Array.of(0, 1, 4095, 3, 4, 5, 4096, 65535);

/** A frame whose data are taken away while the rest of it is read. */
function treacherousFrame() {
  const data = new Uint8Array(16);
  return {
    ...frame,
    get data() {
      structuredClone(data.buffer, { transfer: [data.buffer] });
      return data;
    },
  };
}

/** Calls with wrong arguments: what the error must name. The compiler would refuse most of them. */
const wrong: [name: keyof typeof kernels, args: unknown[], code: string, message: RegExp][] = [
  ["nfaTree", [], "BAD_OPTION", /energy but received nothing/],
  ["nfaTree", [null], "BAD_OPTION", /received null/],
  ["nfaTree", [energy(new Float32Array(3))], "BAD_TENSOR", /2 × 2 elements.*3 elements/],
  ["nfaTree", [energy(new Float64Array(4))], "BAD_TENSOR", /Float32Array/],
  ["nfaTree", [energy([1, 2, 3, 4])], "BAD_TENSOR", /Float32Array/],
  ["nfaTree", [energy(detached())], "BAD_TENSOR", /0 elements/],
  ["nfaTree", [energy(nan)], "BAD_TENSOR", /NaN at pixel 1/],
  ["nfaTree", [energy(Float32Array.of(1, 2, infinity, 0))], "BAD_TENSOR", /inf.* at pixel 2/],
  ["nfaTree", [energy(Float32Array.of(-1, 2, 3, 0))], "BAD_TENSOR", /-1.* at pixel 0/],
  ["nfaTree", [{ ...good, width: 0 }], "BAD_OPTION", /energy\.width/],
  ["nfaTree", [{ ...good, height: 1.5 }], "BAD_OPTION", /energy\.height/],
  ["nfaTree", [{ ...good, channels: "2" }], "BAD_OPTION", /energy\.channels/],
  ["nfaTree", [{ ...good, width: 65535, height: 65535 }], "BAD_OPTION", /2\^28/],
  ["nfaTree", [good, { tail: "upper" }], "BAD_OPTION", /"exact" or "chernoff".*"upper"/],
  ["nfaTree", [{ ...good, dof: 0 }], "BAD_OPTION", /0\.001 to 1e\+09 for energy\.dof but received 0/],
  ["nfaTree", [{ ...good, scale: -1 }], "BAD_OPTION", /energy\.scale but received -1/],
  ["nfaTree", [{ ...good, scale: Number.NaN }], "BAD_OPTION", /energy\.scale/],
  ["nfaTreeMap", [[], to], "BAD_OPTION", /at least one energy/],
  ["nfaTreeMap", [good, to], "BAD_OPTION", /array/],
  ["nfaTreeMap", [[good, null], to], "BAD_OPTION", /energies\[1\]/],
  ["nfaTreeMap", [[good, energy(nan)], to], "BAD_TENSOR", /NaN/],
  ["nfaTreeMap", [[good]], "BAD_OPTION", /\bto\b/],
  ["nfaTreeMap", [[good], { ...to, tests: "none" }], "BAD_OPTION", /to\.tests/],
  ["nfaTreeMap", [treacherous(), to], "BAD_TENSOR", /0 elements/],
  ["nfaBlockMapOfCounts", [[], to], "BAD_OPTION", /at least one map of counts/],
  ["nfaBlockMapOfCounts", [[energy(nan)], to], "BAD_TENSOR", /NaN at pixel 1/],
  [
    "nfaBlockMapOfCounts",
    [[energy(Float32Array.of(0, 1, 2, 3))], to],
    "BAD_TENSOR",
    /0 to 2 in counts\[0\].*at pixel 3/,
  ],
  [
    "nfaBlockMapOfCounts",
    [[energy(Float32Array.of(0, 0.5, 2, 1))], to],
    "BAD_TENSOR",
    /whole numbers.*at pixel 1/,
  ],
  ["windowThreshold", [1], "BAD_OPTION", /probability but received 1/],
  ["anomalyMap", [[energy(nan)], to], "BAD_TENSOR", /NaN/],
  ["anomalyMap", [[good], { width: 4, height: -4 }], "BAD_OPTION", /to\.height.*-4/],
  ["energy", [{ data: Float32Array.of(Number.NaN), channels: 1, height: 1, width: 1 }], "BAD_TENSOR", /NaN/],
  ["energy", [{ data: Float32Array.of(1e30), channels: 1, height: 1, width: 1 }], "BAD_TENSOR", /too large/],
  ["energy", [{ data: new Float32Array(8), channels: 3, height: 2, width: 2 }], "BAD_TENSOR", /3 × 2 × 2/],
  ["logChi2Survival", [Number.NaN, 3], "BAD_OPTION", /\bx\b/],
  ["logChi2Survival", [-1, 3], "BAD_OPTION", /≥ 0/],
  ["logChi2Survival", [1, 0], "BAD_OPTION", /dof/],
  ["logChi2Survival", [1, 1e-9], "BAD_OPTION", /from 0\.001 to 1e\+09 for dof/],
  ["logChi2Survival", [1, 1e12], "BAD_OPTION", /dof/],
  ["logChi2Survival", ["1", 1], "BAD_OPTION", /"1"/],
  ["logChi2Survival", [1, Number.NaN], "BAD_OPTION", /dof/],
  ["logChi2Survival", [1], "BAD_OPTION", /dof/],
  ["logChi2Survival", [1, 3, "upper"], "BAD_OPTION", /"exact" or "chernoff".*"upper"/],
  ["logNumberOfRegions", [[]], "BAD_OPTION", /at least one/],
  ["logNumberOfRegions", [[4, 0]], "BAD_OPTION", /pixels\[1\]/],
  ["logNumberOfRegions", [[2.5]], "BAD_OPTION", /pixels\[0\]/],
  ["logBinomialSurvival", [Number.NaN, 9, 0.1], "BAD_OPTION", /\bx\b/],
  ["logBinomialSurvival", [1, 0, 0.1], "BAD_OPTION", /from 1 to 1000000 for n/],
  ["logBinomialSurvival", [1, 2.5, 0.1], "BAD_OPTION", /for n but received 2\.5/],
  ["logBinomialSurvival", [1, 1e7, 0.1], "BAD_OPTION", /for n/],
  ["logBinomialSurvival", [1, 9, 1], "BAD_OPTION", /below 1 for p but received 1/],
  ["logBinomialSurvival", [1, 9, 0], "BAD_OPTION", /for p/],
  ["logBinomialSurvival", [1, 9, 0.1, "exact"], "BAD_OPTION", /"discrete" or "continuous".*"exact"/],
  ["nfaBlockMap", [[], to], "BAD_OPTION", /at least one latent/],
  ["nfaBlockMap", [[latent, null], to], "BAD_OPTION", /latents\[1\]/],
  ["nfaBlockMap", [[latent]], "BAD_OPTION", /\bto\b/],
  ["nfaBlockMap", [[good], to], "BAD_TENSOR", /2 × 2 × 2 elements/],
  [
    "nfaBlockMap",
    [[{ ...latent, data: nan, channels: 1 }], to],
    "BAD_TENSOR",
    /latents\[0\].*NaN at pixel 1/,
  ],
  [
    "nfaBlockMap",
    [[latent, { ...latent, data: Float32Array.of(1, 2, 3, 4, 5, 6, -infinity, 8) }], to],
    "BAD_TENSOR",
    /latents\[1\].*infinity at pixel 2 of channel 1.*lower learning rate/,
  ],
  ["nfaBlockMap", [[latent], { ...to, windowSize: 64 }], "BAD_OPTION", /from 1 to 63 for to\.windowSize/],
  ["nfaBlockMap", [[latent], { ...to, windowSize: 2.5 }], "BAD_OPTION", /to\.windowSize/],
  ["nfaBlockMap", [[latent], { ...to, probability: 1 }], "BAD_OPTION", /to\.probability/],
  ["nfaBlockMap", [[latent], { ...to, kind: "exact" }], "BAD_OPTION", /"discrete" or "continuous"/],
  ["regions", [{ data: nan, height: 2, width: 2 }], "BAD_TENSOR", /NaN/],
  ["regions", [{ ...good }, { connectivity: 6 }], "BAD_OPTION", /4 or 8/],
  ["regions", [{ ...good }, { logEpsilon: Number.NaN }], "BAD_OPTION", /logEpsilon/],
  ["regions", [{ ...good }, { score: { data: nan, height: 2, width: 2 } }], "BAD_TENSOR", /score.*NaN/],
  [
    "regions",
    [{ ...good }, { score: { data: new Float32Array(2), height: 1, width: 2 } }],
    "BAD_OPTION",
    /size/,
  ],
  ["imageOfFrame", [], "BAD_OPTION", /object for frame but received nothing/],
  ["imageOfFrame", [{ ...frame, format: "YUV422_8" }], "BAD_OPTION", /BayerRG.*12Packed.*RGBa8.*"YUV422_8"/],
  ["imageOfFrame", [{ ...frame, format: "mono12" }], "BAD_OPTION", /"mono12"/],
  ["imageOfFrame", [{ ...frame, format: "RGB12" }], "BAD_OPTION", /"RGB12"/],
  ["imageOfFrame", [{ ...frame, format: 12 }], "BAD_OPTION", /frame\.format but received 12/],
  ["imageOfFrame", [{ ...frame, width: 0 }], "BAD_OPTION", /frame\.width/],
  [
    "imageOfFrame",
    [{ ...frame, stride: 7 }],
    "BAD_OPTION",
    /8 bytes, a row of 4 pixels of Mono12,.*received 7/,
  ],
  ["imageOfFrame", [{ ...frame, stride: 8.5 }], "BAD_OPTION", /whole number.*frame\.stride/],
  ["imageOfFrame", [{ ...frame, stride: -8 }], "BAD_OPTION", /frame\.stride/],
  [
    "imageOfFrame",
    [{ ...frame, data: new Uint8Array(15) }],
    "BAD_TENSOR",
    /2 rows of 8 bytes, 16 in all.*15 bytes/,
  ],
  ["imageOfFrame", [{ ...frame, data: new Uint8Array(17) }], "BAD_TENSOR", /16 in all.*17 bytes/],
  ["imageOfFrame", [{ ...frame, data: new Uint16Array(7) }], "BAD_TENSOR", /16 in all.*14 bytes/],
  ["imageOfFrame", [{ ...frame, stride: 10, data: new Uint8Array(17) }], "BAD_TENSOR", /20 in all.*17 bytes/],
  ["imageOfFrame", [{ ...frame, stride: 10, data: new Uint8Array(21) }], "BAD_TENSOR", /20 in all.*21 bytes/],
  [
    "imageOfFrame",
    [{ ...frame, data: new Float32Array(8) }],
    "BAD_TENSOR",
    /Uint8Array or a Uint16Array.*Mono12/,
  ],
  ["imageOfFrame", [{ ...frame, data: "pixels" }], "BAD_TENSOR", /Uint8Array/],
  [
    "imageOfFrame",
    [{ ...frame, format: "Mono8", data: new Uint16Array(8) }],
    "BAD_TENSOR",
    /a Uint8Array for/,
  ],
  [
    "imageOfFrame",
    [{ ...frame, format: "Mono12p", width: 3 }],
    "BAD_OPTION",
    /does not end with a byte.*multiple of 2/,
  ],
  [
    "imageOfFrame",
    [{ ...frame, format: "BayerRG10p", width: 6 }],
    "BAD_OPTION",
    /does not end with a byte.*of 4/,
  ],
  ["imageOfFrame", [{ ...frame, format: "BayerRG12", height: 1 }], "BAD_OPTION", /2 × 2 pixels.*4 × 1/],
  [
    "imageOfFrame",
    [{ ...frame, data: tooBright }],
    "BAD_TENSOR",
    /pixel at \(2, 1\) is 4096, but 12 bits end at 4095/,
  ],
  ["imageOfFrame", [treacherousFrame()], "BAD_TENSOR", /0 bytes/],
  ["resample", [{ ...image, channels: 2 }, to], "BAD_OPTION", /1, 3 or 4/],
  ["resample", [{ ...image, width: 3 }, to], "BAD_TENSOR", /2 × 3 × 3/],
  ["resample", [{ ...image, data: new Float32Array(12) }, to], "BAD_TENSOR", /Uint8Array/],
  ["resample", [image, { ...to, mean: [0, 0] }], "BAD_OPTION", /to\.mean/],
  ["resample", [image, { ...to, std: [1, 0, 1] }], "BAD_OPTION", /to\.std\[1\]/],
  ["resample", [image, { ...to, mean: [0, Number.NaN, 0] }], "BAD_OPTION", /to\.mean\[1\]/],
  ["resample", [image, { ...to, std: [1, 1e-40, 1] }], "BAD_OPTION", /to\.mean\[1\] and to\.std\[1\]/],
  ["resample", [image, { ...to, into: new Float32Array(7) }], "BAD_TENSOR", /elements for to\.into/],
  ["resample", [image, { ...to, into: new Uint8Array(3) }], "BAD_TENSOR", /Float32Array/],
  ["resample", [image, { ...to, into: null }], "BAD_TENSOR", /to\.into/],
  [
    "resample",
    [image, { ...to, mean: [0, 0, 1e38], std: [1, 1, 0.1] }],
    "BAD_OPTION",
    /to\.mean\[2\] and to\.std\[2\]/,
  ],
];

const byName = new Map<string, unknown>(Object.entries(kernels));

describe("wrong arguments end in a clear error", () => {
  it.each(wrong)("%s %#", (name, args, code, message) => {
    const call = byName.get(name) as (...args: unknown[]) => unknown;
    expect(() => call(...args)).toThrow(
      expect.objectContaining({
        name: "UflowError",
        code: `ERR_UFLOW_${code}`,
        message: expect.stringMatching(message),
      }),
    );
  });
});

it.each([[null], [undefined], ["text"], [{ code: 7 }]])(
  "%j thrown by a getter reaches the caller",
  (thrown) => {
    const hostile = {
      get channels(): number {
        throw thrown;
      },
    };
    let caught: unknown = "nothing";
    try {
      kernels.nfaTree(hostile as never);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
  },
);

it("a getter's own error reaches the caller as it is", () => {
  const hostile = {
    get channels(): number {
      throw new RangeError("mine");
    },
  };
  expect(() => kernels.nfaTree(hostile as never)).toThrow(new RangeError("mine"));
});
