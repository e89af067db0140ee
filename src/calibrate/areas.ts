import { encodeIgnoreMask, readIgnored } from "../areas/ignore.js";
import type { Model } from "../bundle/model.js";
import type { CheckedRecalibrateOptions } from "./options.js";

/**
 * The model with other areas than its own, as the options say: calibrated in them, it must keep them.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when the mask of what is to be ignored cannot be read.
 */
export async function withAreas(
  model: Model,
  { region, ignore }: Pick<CheckedRecalibrateOptions, "region" | "ignore">,
): Promise<Model> {
  const changed = region === undefined ? model : withRegion(model, region ?? undefined);
  return ignore === undefined ? changed : await withIgnored(changed, ignore ?? undefined);
}

function withRegion(model: Model, region: Model["manifest"]["region"]): Model {
  const { region: _, ...manifest } = model.manifest;
  return { ...model, manifest: { ...manifest, ...(region && { region }) } };
}

async function withIgnored(model: Model, ignore: CheckedRecalibrateOptions["ignore"]): Promise<Model> {
  const { ignore: _, ...manifest } = model.manifest;
  if (!ignore) return { ...model, manifest, ignoreMask: undefined };
  const { polygons, mask } = await readIgnored(ignore);
  return {
    ...model,
    manifest: { ...manifest, ignore: { polygons: [...polygons], mask: mask !== undefined } },
    ignoreMask: mask && (await encodeIgnoreMask(mask)),
  };
}
