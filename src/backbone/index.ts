import { UflowError } from "../error.js";
import type { Normalization, Scale } from "./features.js";
import { mobileNetwork, mobileOutputs, mobileWeights } from "./mobile.js";
import type { BackboneName } from "./names.js";

export { featureName, imageName, type Scale } from "./features.js";
export { type BackboneName, backboneNames } from "./names.js";

/** A frozen image network whose feature maps the flow learns. */
export interface Backbone {
  name: BackboneName;
  /** Input pixels per pixel of each feature map, finest first. */
  strides: readonly number[];
  /** Channels of each feature map, finest first. */
  channels: readonly number[];
  /** Per channel (red, green, blue), applied to values in 0 … 1: (value − mean) / std. */
  preprocessing: { mean: [number, number, number]; std: [number, number, number] };
  /** How the features are normalised before the flow, unless the training says otherwise. */
  normalization: Normalization;
  /**
   * The network as ONNX bytes for square images of this side.
   * @throws UflowError ERR_UFLOW_BAD_OPTION when the side does not fit (see `featureScales`), ERR_UFLOW_BAD_WEIGHTS when
   * its weights are missing or wrong.
   */
  network(inputSize: number): Promise<Uint8Array>;
}

const backbones: Record<BackboneName, Backbone> = {
  mobile: {
    name: "mobile",
    strides: mobileOutputs.map(({ stride }) => stride),
    channels: mobileOutputs.map(({ channels }) => channels),
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    normalization: "standard",
    async network(inputSize) {
      featureScales(backbones.mobile, inputSize);
      return mobileNetwork(await mobileWeights(), inputSize);
    },
  },
};

export function backboneOf(name: BackboneName): Backbone {
  return backbones[name];
}

/**
 * The feature maps that a backbone yields for square images.
 * @throws UflowError ERR_UFLOW_BAD_OPTION when the input size is not a multiple of the coarsest stride.
 */
export function featureScales({ name, strides, channels }: Backbone, inputSize: number): Scale[] {
  const coarsest = Math.max(...strides);
  if (inputSize % coarsest !== 0 || inputSize < 2 * coarsest) {
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `Expected inputSize to be a multiple of ${coarsest}, at least ${2 * coarsest}, for the backbone "${name}" but received ${inputSize}`,
    );
  }
  return strides.map((stride, i) => ({
    channels: channels[i]!,
    height: inputSize / stride,
    width: inputSize / stride,
  }));
}
