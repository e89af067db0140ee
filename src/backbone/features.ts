/** One feature map of a backbone: what a scale of the flow works on. */
export interface Scale {
  channels: number;
  height: number;
  width: number;
}

/**
 * What happens to a feature map before the flow. `layer`: standardised over channels, height and width together, then
 * scaled and shifted by a trainable weight and bias of its shape, as for the ResNets; `standard`: standardised only;
 * `whitened`: then made uncorrelated over the channels, by what is learned from; `none`: taken as it is, as for MS-CaiT.
 */
export const normalizations = ["layer", "standard", "whitened", "none"] as const;
export type Normalization = (typeof normalizations)[number];

/** The input of every backbone network: images [batch, 3, height, width], normalised as its preprocessing says. */
export const imageName = "image";

/** The outputs of a backbone network and the inputs of the flow, by scale; 0 is the finest. */
export const featureName = (scale: number) => `feature_${scale}`;
