import type { FlowArchitecture } from "#uflow/flow/architecture.js";
import { type FlowParameters, parameterCount, parameterSlots, stepName } from "#uflow/flow/parameters.js";
import { loadGolden } from "../fixtures/golden.js";

export const goldenNames = ["flow3", "flow_odd", "flow2_mcait_like", "flow3_ln"] as const;

/** A flow whose parameters, latents, gradients and Adam steps were computed by the Python reference. */
export function goldenFlow(name: (typeof goldenNames)[number]) {
  const golden = loadGolden(`flow/${name}`);
  const meta = golden.meta as {
    channels: number[];
    flowSteps: number;
    layerNorm: boolean;
    learningRate: number;
    weightDecay: number;
    rateSteps: number;
  };
  const { channels, flowSteps } = meta;
  const floats = (key: string) => golden.tensor(key).data as Float32Array;
  const features = channels.map((_, i) => golden.tensor(`feat/${i}`));
  const architecture: FlowArchitecture = {
    scales: features.map(({ shape }) => ({ channels: shape[1]!, height: shape[2]!, width: shape[3]! })),
    flowSteps,
    normalization: meta.layerNorm ? "layer" : "none",
  };
  /** The reference counts modules from the coarsest level: the steps, then split, upsample, concat. */
  const moduleOf = (scale: number, step: number) => (channels.length - 1 - scale) * (flowSteps + 3) + step;
  const referenceName = (ours: string) => {
    const norm = /^scale(\d+)\.norm\.(weight|bias)$/.exec(ours);
    if (norm) return `norms.${norm[1]}.${norm[2]}`;
    const [, scale, step, rest] = /^scale(\d+)\.step(\d+)\.(.*)$/.exec(ours)!;
    return `flow.module_list.${moduleOf(Number(scale), Number(step))}.${referenceSuffix[rest!]}`;
  };
  const slots = parameterSlots(architecture);
  const values = new Float32Array(parameterCount(slots));
  for (const slot of slots) values.set(floats(`state/${referenceName(slot.name)}`), slot.offset);
  const permutations = new Map<string, Int32Array>();
  channels.forEach((_, scale) => {
    for (let step = 0; step < flowSteps; step++) {
      const order = golden.tensor(`perm/module_list.${moduleOf(scale, step)}`).data as Int32Array;
      permutations.set(stepName(scale, step), order);
    }
  });
  const parameters: FlowParameters = { slots, values, permutations };
  return { ...meta, golden, architecture, parameters, features, floats, referenceName };
}

const referenceSuffix: Record<string, string> = {
  globalScale: "global_scale",
  globalOffset: "global_offset",
  "conv1.weight": "subnet.0.weight",
  "conv1.bias": "subnet.0.bias",
  "conv2.weight": "subnet.2.weight",
  "conv2.bias": "subnet.2.bias",
};

/** The largest difference, relative to the largest expected magnitude. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - wanted[i]!));
    magnitude = Math.max(magnitude, Math.abs(wanted[i]!));
  }
  return difference / (magnitude || 1);
}
