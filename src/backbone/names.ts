/** The backbones that there are. */
export const backboneNames = ["mobile", "resnet18", "wide_resnet50_2", "mcait"] as const;
export type BackboneName = (typeof backboneNames)[number];
