/** The backbones that there are. */
export const backboneNames = ["mobile"] as const;
export type BackboneName = (typeof backboneNames)[number];
