/** One feature map of a backbone: what a scale of the flow works on. */
export interface Scale {
  channels: number;
  height: number;
  width: number;
}

/** The input of every backbone network: images [batch, 3, height, width], normalised as its preprocessing says. */
export const imageName = "image";

/** The outputs of a backbone network and the inputs of the flow, by scale; 0 is the finest. */
export const featureName = (scale: number) => `feature_${scale}`;
