import { expect, it } from "vitest";
import { type Certificate, type Comparison, seal } from "#uflow/verify/certificate.js";
import { limits } from "#uflow/verify/figures.js";
import { certificatePage } from "#uflow/verify/page.js";

const hostile = `<script>alert("&'")</script>`;
const escaped = "&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;";
const sum = "0".repeat(64);

const machine: Certificate["machine"] = {
  host: hostile,
  os: hostile,
  cpu: hostile,
  threads: 2,
  instructionSet: "avx2",
  engine: hostile,
  onnxruntime: hostile,
  node: hostile,
};
const broken: Comparison = { outcome: "failed", reason: hostile, figures: null, limits: limits.float32 };
const image = { width: 1, height: 1, channels: 1, sha256: sum, maps: { anomaly: sum, mask: sum } };

/** A certificate with so many images in which every text comes from outside. */
const certificate = (images: number) =>
  seal({
    kind: "uflow certificate of parity",
    schemaVersion: 1,
    verdict: "FAIL",
    complete: false,
    date: hostile,
    model: {
      file: hostile,
      sha256: sum,
      engine: hostile,
      backbone: { name: hostile, sha256: sum },
      inputSize: 1,
      mapSize: 1,
      flowSteps: 1,
      trainedOn: 1,
    },
    machine,
    operatingPoint: { epsilon: 1, tail: hostile, tests: hostile, background: hostile, nfa: hostile },
    source: { folder: hostile, seed: null, count: 1 },
    images: Array.from({ length: images }, () => ({ name: hostile, anomalous: true, logNfa: -1, ...image })),
    errors: [{ image: hostile, code: hostile, message: hostile }],
    reference: { name: hostile, milliseconds: 1 },
    ways: [
      {
        name: hostile,
        precision: "float32",
        device: null,
        instructionSet: null,
        ...broken,
        milliseconds: null,
      },
    ],
    against: { machine, date: hostile, contentSha256: sum, ...broken },
  });

it("lets no text become markup", () => {
  const page = certificatePage(certificate(1));
  expect(page).toContain(escaped);
  expect(page).not.toContain("<script");
});

it("shows how far the latents are apart, and nothing where a certificate does not know it", () => {
  const figures = { anomalyMap: 0, logNfa: 0, relativeLogNfa: 0, maskIou: 1, verdicts: [] };
  const page = (latents?: { absolute: number; relative: number; images: number }) => {
    const { ways, ...rest } = certificate(1);
    const way = { ...ways[0]!, figures: { ...figures, ...(latents && { latents }) } };
    return certificatePage({ ...rest, ways: [way] });
  };
  const cells = `<td class="number">2.5e−6</td><td class="number">5.0e−7</td><td class="number">0</td>`;
  expect(page({ absolute: 2.5e-6, relative: 5e-7, images: 2 })).toContain(cells);
  expect(page()).toContain(`<td class="number"></td><td class="number"></td><td class="number">0</td>`);
});

it("names the images of which it has no room", () => {
  const page = certificatePage(certificate(30));
  expect(page.split(escaped).length - certificatePage(certificate(20)).split(escaped).length).toBe(4);
  expect(page).toContain("and 6 more in certificate.json");
});
