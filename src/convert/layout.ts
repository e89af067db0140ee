/**
 * Where the Python reference keeps the parts of a model in its state dict. It counts the flow's modules from the coarsest
 * level: the flow steps, then split, upsampling and concatenation, then the next level; the finest has only steps.
 * Keys are without the `model.` that a whole checkpoint puts before them.
 */
import { type BackboneName, joinWeights, type Weights, weightsUnder } from "../backbone/index.js";
import { type FlowArchitecture, stages } from "../flow/architecture.js";
import { normName, stepName } from "../flow/parameters.js";
import type { EmbeddedName } from "../weights/store/index.js";

/** Before the number of a module of the flow. */
export const modulePrefix = "flow.module_list.";

/** Modules between the steps of one level and those of the next. */
const joints = 3;

const suffixes = {
  globalScale: "global_scale",
  globalOffset: "global_offset",
  "conv1.weight": "subnet.0.weight",
  "conv1.bias": "subnet.0.bias",
  "conv2.weight": "subnet.2.weight",
  "conv2.bias": "subnet.2.bias",
} as const;

export const featureNormKey = (scale: number, part: "weight" | "bias") =>
  `feature_extractor.feature_normalizations.${scale}.${part}`;

export interface ReferenceLayout {
  /** By our name of a parameter: its key. */
  parameters: ReadonlyMap<string, string>;
  /** By our name of a flow step: the keys of its permutation as a matrix and of the inverse [channels, channels, 1, 1]. */
  permutations: ReadonlyMap<string, { matrix: string; inverse: string; channels: number }>;
  /** The kernels of the upsamplings, [channels, 1, 2, 2]: constants. */
  kernels: readonly { key: string; channels: number }[];
}

export function referenceLayout(architecture: FlowArchitecture): ReferenceLayout {
  const { flowSteps, normalization, scales } = architecture;
  const parameters = new Map<string, string>();
  const permutations = new Map<string, { matrix: string; inverse: string; channels: number }>();
  const kernels: { key: string; channels: number }[] = [];
  for (const [level, { scale, channels, upward }] of stages(architecture).entries()) {
    const first = level * (flowSteps + joints);
    for (let step = 0; step < flowSteps; step++) {
      const module = `${modulePrefix}${first + step}`;
      const name = stepName(scale, step);
      for (const [ours, theirs] of Object.entries(suffixes)) {
        parameters.set(`${name}.${ours}`, `${module}.${theirs}`);
      }
      permutations.set(name, { matrix: `${module}.w_perm`, inverse: `${module}.w_perm_inv`, channels });
    }
    const upsampling = `${modulePrefix}${first + flowSteps + 1}`;
    if (upward > 0) kernels.push({ key: `${upsampling}.downsample_kernel`, channels: upward });
  }
  if (normalization === "layer") {
    for (const scale of scales.keys()) {
      parameters.set(`${normName(scale)}.weight`, featureNormKey(scale, "weight"));
      parameters.set(`${normName(scale)}.bias`, featureNormKey(scale, "bias"));
    }
  }
  return { parameters, permutations, kernels };
}

/**
 * Flow steps per scale of a flow of so many scales whose last module has this number.
 * @returns a number that is not whole, or below 1, when there is no such flow.
 */
export function flowStepsOf(lastModule: number, scales: number): number {
  return (lastModule + 1 - joints * (scales - 1)) / scales;
}

/** Backbones that the reference has too. */
export type ReferenceBackbone = Exclude<BackboneName, EmbeddedName>;

/** By our prefix of each network of a backbone, in the order in which the weights store has them, that of the reference. */
const extractors: Readonly<Record<ReferenceBackbone, Readonly<Record<string, string>>>> = {
  resnet18: { "": "feature_extractor.extractor." },
  wide_resnet50_2: { "": "feature_extractor.extractor." },
  mcait: {
    "cait_m48_448.": "feature_extractor.extractor1.",
    "cait_s24_224.": "feature_extractor.extractor2.",
  },
};

/** Whether the reference keeps the layers behind the features too, which nothing uses. */
export const keepsWholeNetwork = (backbone: ReferenceBackbone) => backbone === "mcait";

export const referenceBackbones = Object.keys(extractors) as ReferenceBackbone[];

export function hasReference(backbone: string): backbone is ReferenceBackbone {
  return Object.hasOwn(extractors, backbone);
}

/** Whether a key belongs to a backbone's own weights. */
export const isBackboneKey = (key: string) => /^feature_extractor\.extractor[12]?\./.test(key);

/** The weights of a backbone inside of a state dict, with the names that the backbone wants. */
export function backboneWeights(backbone: ReferenceBackbone, state: Weights): Weights {
  const parts = Object.entries(extractors[backbone]);
  return joinWeights(Object.fromEntries(parts.map(([ours, theirs]) => [ours, weightsUnder(theirs, state)])));
}

/** The key of a backbone's weight, by the name that the backbone wants. */
export function backboneKey(backbone: ReferenceBackbone, name: string): string {
  const [ours, theirs] = Object.entries(extractors[backbone]).find(([prefix]) => name.startsWith(prefix))!;
  return theirs + name.slice(ours.length);
}
