import type { Manifest } from "../bundle/manifest.js";
import type { Background } from "../kernels/types.js";

/** What a model's calibration says, for a table; nothing where it has none. */
export async function calibrationLines({
  calibration,
  latents,
}: Pick<Manifest, "calibration" | "latents">): Promise<string[][]> {
  if (!calibration) return [];
  const { promise } = await import("../a-contrario/operating-point.js");
  const { images, scales, joint, test, logNfa, anomalyScore } = calibration;
  const range = (values: readonly number[], digits: number) =>
    `${values[0]!.toFixed(digits)} … ${values.at(-1)!.toFixed(digits)}`;
  return [
    ["calibrated", `on ${images} good images`],
    ...scales.map((background, s) => [
      "",
      `${latents[s]!.width} × ${latents[s]!.height}: ${law(background, ` (ideal: ${latents[s]!.channels})`)}`,
    ]),
    ["tested", `joint energy of all scales: ${law(joint)}`],
    [
      "",
      joint.mean
        ? `means of ${joint.mean.side} × ${joint.mean.side} pixels of it: ${law(joint.mean)}`
        : "pixel by pixel, without means",
    ],
    [
      "good images",
      `log NFA ${range(logNfa, 1)} (tail ${test.tail}, tests ${test.tests}); anomaly score ${range(anomalyScore, 3)}`,
    ],
    ["can promise", `${promise(images, 0.95)} (95 % confidence; 99 %: ${promise(images, 0.99)})`],
  ];
}

const law = ({ scale, dof, area }: Background, aside = "") =>
  `energy/${scale.toPrecision(3)} is χ² with ${dof.toPrecision(3)} degrees of freedom${aside}; ${area.toPrecision(3)} pixels tell as much as one`;
