import type { Normalization, Scale } from "../backbone/features.js";
import { UflowError } from "../error.js";

/** What determines the flow's graph: the feature maps (finest first), each half the size of the one before. */
export interface FlowArchitecture {
  scales: readonly Scale[];
  /** Flow steps per stage. */
  flowSteps: number;
  normalization: Normalization;
}

/** One stage of the U: what enters its flow steps and what leaves as latent. docs/maths.md, "The flow". */
export interface Stage {
  /** 0 is the finest scale. */
  scale: number;
  /** Channels in the flow steps: those of the feature map plus those that come up from the coarser stage. */
  channels: number;
  /** Channels that go up to the finer stage before the upsampling: a multiple of four; 0 at the finest. */
  upward: number;
  /** Channels of the latent z. */
  latent: number;
  height: number;
  width: number;
}

/**
 * The stages in the order in which they run, coarsest first.
 * @throws UflowError ERR_UFLOW_BAD_OPTION when the scales do not form a pyramid or are too thin to be split.
 */
export function stages(architecture: FlowArchitecture): Stage[] {
  checkPyramid(architecture);
  const result: Stage[] = [];
  let fromBelow = 0;
  for (let scale = architecture.scales.length - 1; scale >= 0; scale--) {
    const { channels: features, height, width } = architecture.scales[scale]!;
    const channels = features + fromBelow;
    const upward = scale === 0 ? 0 : Math.floor(channels / 8) * 4;
    result.push({ scale, channels, upward, latent: channels - upward, height, width });
    fromBelow = upward / 4;
  }
  return result;
}

/** Sizes of the latents, finest first: what the anomaly map and the segmentation work on. */
export function latentScales(architecture: FlowArchitecture): Scale[] {
  return stages(architecture)
    .map(({ latent, height, width }) => ({ channels: latent, height, width }))
    .reverse();
}

function checkPyramid({ scales, flowSteps }: FlowArchitecture): void {
  const wrong: string[] = [];
  if (scales.length === 0) wrong.push("at least one scale is needed");
  if (!Number.isInteger(flowSteps) || flowSteps < 1)
    wrong.push(`flowSteps is ${flowSteps}, wanted 1 or more`);
  scales.forEach(({ channels, height, width }, i) => {
    if (channels < 2) wrong.push(`scale ${i} has ${channels} channels, wanted at least 2`);
    const finer = scales[i - 1];
    if (finer && (finer.height !== 2 * height || finer.width !== 2 * width)) {
      wrong.push(`scale ${i} is ${width}×${height}, wanted half of ${finer.width}×${finer.height}`);
    }
    if (i > 0 && channels < 8)
      wrong.push(`scale ${i} has ${channels} channels, wanted at least 8 to be split`);
  });
  if (wrong.length > 0) {
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `No flow can be built on these features: ${wrong.join("; ")}`,
    );
  }
}
