import { embeddedNames } from "../weights/store/known.js";

/** The backbones that the engine knows how to build. Others are the user's own, by the names under which they are stored. */
export const backboneNames = [...embeddedNames, "resnet18", "wide_resnet50_2", "mcait"] as const;
export type BackboneName = (typeof backboneNames)[number];

export function isBackboneName(name: string): name is BackboneName {
  return (backboneNames as readonly string[]).includes(name);
}
