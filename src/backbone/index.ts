import { UflowError } from "../error.js";
import type { Normalization, Scale } from "./features.js";
import { mcait, mcaitFileVersion, mcaitNetwork, mcaitWeights } from "./mcait.js";
import { type MobileOutput, mobile4Outputs, mobileNetwork, mobileOutputs, mobileWeights } from "./mobile.js";
import type { BackboneName } from "./names.js";
import { type ResNet, resnet18, resnetNetwork, resnetWeights, wideResnet50 } from "./resnet.js";
import type { WantedWeights, Weights } from "./weights.js";

export { featureName, imageName, type Scale } from "./features.js";
export { type BackboneName, backboneNames, isBackboneName } from "./names.js";
export {
  checkWeights,
  joinWeights,
  type WantedWeights,
  type Weights,
  wantedUnder,
  weightsUnder,
} from "./weights.js";

/** A frozen image network whose feature maps the flow learns. */
export interface Backbone {
  name: string;
  /** Input pixels per pixel of each feature map, finest first. */
  strides: readonly number[];
  /** Channels of each feature map, finest first. */
  channels: readonly number[];
  /** The side to which images are resized unless the training says otherwise. */
  defaultInputSize: number;
  /** The only side that its images can have, where that is fixed. */
  fixedInputSize?: number;
  /** Per channel (red, green, blue), applied to values in 0 … 1: (value − mean) / std. */
  preprocessing: { mean: [number, number, number]; std: [number, number, number] };
  /** How the features are normalised before the flow, unless the training says otherwise. */
  normalization: Normalization;
  /** The weights that `network` must be given; undefined where they are embedded. */
  weights?: WantedWeights;
  /** What stands before the names of the tensors of each of its weight files, in the order of the files. */
  weightFiles?: readonly string[];
  /** Where `network` writes a file of weights: changes whenever other bytes are written for the same weights. */
  fileVersion?: number;
  /**
   * The network as ONNX bytes for square images of this side. `folder` receives the weights file of a network whose
   * weights are too large for the bytes (`mcait`); its sessions are opened with that `weightsFolder`.
   * @throws UflowError ERR_UFLOW_BAD_OPTION when the side does not fit (see `featureScales`), ERR_UFLOW_BAD_WEIGHTS when
   * its weights are missing or wrong, ERR_UFLOW_OUTPUT when the weights file cannot be written.
   */
  network(inputSize: number, weights?: Weights, folder?: string): Promise<Uint8Array>;
}

const defaultInputSize = 256;
const mcaitInputSize = mcait.scales[0]!.inputSize;

/** Mean and standard deviation of ImageNet's colours, with which the networks of the paper were trained. */
export const imageNet: Backbone["preprocessing"] = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

const backbones: Record<BackboneName, Backbone> = {
  mobile: mobile("mobile", mobileOutputs),
  mobile4: mobile("mobile4", mobile4Outputs),
  resnet18: resnet("resnet18", resnet18),
  wide_resnet50_2: resnet("wide_resnet50_2", wideResnet50),
  mcait: {
    name: "mcait",
    strides: mcait.scales.map(({ inputSize, patchSize }) => (patchSize * mcaitInputSize) / inputSize),
    channels: mcait.scales.map(({ channels }) => channels),
    defaultInputSize: mcaitInputSize,
    fixedInputSize: mcaitInputSize,
    preprocessing: imageNet,
    normalization: "none",
    weights: mcaitWeights(mcait),
    weightFiles: mcait.scales.map(({ name }) => `${name}.`),
    fileVersion: mcaitFileVersion,
    async network(inputSize, weights, folder) {
      featureScales(backbones.mcait, inputSize);
      if (!weights) throw missingWeights(backbones.mcait);
      if (folder === undefined) {
        throw new UflowError(
          "ERR_UFLOW_BAD_OPTION",
          'Expected a folder for the weights of the backbone "mcait", which are too large for one ONNX file',
        );
      }
      return mcaitNetwork(mcait, weights, folder);
    },
  },
};

function mobile(name: BackboneName, outputs: readonly MobileOutput[]): Backbone {
  const backbone: Backbone = {
    name,
    strides: outputs.map(({ stride }) => stride),
    channels: outputs.map(({ channels }) => channels),
    defaultInputSize,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    normalization: "whitened",
    async network(inputSize) {
      featureScales(backbone, inputSize);
      return mobileNetwork(await mobileWeights(), inputSize, outputs);
    },
  };
  return backbone;
}

function resnet(name: BackboneName, architecture: ResNet): Backbone {
  const backbone: Backbone = {
    name,
    strides: architecture.layers.map((_, layer) => 4 * 2 ** layer),
    channels: architecture.layers.map(({ channels }) => channels),
    defaultInputSize,
    preprocessing: imageNet,
    normalization: "layer",
    weights: resnetWeights(architecture),
    weightFiles: [""],
    async network(inputSize, weights) {
      featureScales(backbone, inputSize);
      if (!weights) throw missingWeights(backbone);
      return resnetNetwork(architecture, inputSize, weights);
    },
  };
  return backbone;
}

/** Says how to get the weights of a backbone of the paper. */
export function missingWeights({ name, weightFiles = [] }: Backbone): UflowError {
  const files = weightFiles.length === 1 ? "FILE" : weightFiles.map((_, i) => `FILE${i + 1}`).join(" ");
  return new UflowError(
    "ERR_UFLOW_BAD_WEIGHTS",
    `The weights of the backbone "${name}" are not on this machine. Run "uflow backbone pull ${name}", or, with what you have downloaded elsewhere, "uflow backbone import ${files} --as ${name}"`,
  );
}

/** One of those that the engine knows how to build; see `findBackbone` for all that there are. */
export function backboneOf(name: BackboneName): Backbone {
  return backbones[name];
}

/**
 * The feature maps that a backbone yields for square images.
 * @throws UflowError ERR_UFLOW_BAD_OPTION when the input size is not the one that the backbone has, or not a multiple of
 * the coarsest stride.
 */
export function featureScales(backbone: Backbone, inputSize: number): Scale[] {
  const { name, strides, channels, fixedInputSize } = backbone;
  if (fixedInputSize !== undefined && inputSize !== fixedInputSize) {
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `Wrong options: inputSize: expected ${fixedInputSize}, the only one that the backbone "${name}" has, but received ${inputSize}`,
    );
  }
  const coarsest = Math.max(...strides);
  if (inputSize % coarsest !== 0 || inputSize < 2 * coarsest) {
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `Wrong options: inputSize: expected a multiple of ${coarsest}, at least ${2 * coarsest}, for the backbone "${name}", but received ${inputSize}`,
    );
  }
  return strides.map((stride, i) => ({
    channels: channels[i]!,
    height: inputSize / stride,
    width: inputSize / stride,
  }));
}
