import { decodeIgnoreMask, type IgnoredAreas, readIgnored } from "../areas/ignore.js";
import { Sight } from "../areas/sight.js";
import type { Model } from "../bundle/model.js";
import type { CheckedInspectorOptions } from "./options.js";

/**
 * How a model looks at images, but for what the options say otherwise.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when the mask of what is to be ignored cannot be read.
 */
export async function sightOf(
  model: Model,
  { mapSize, region, ignore }: Partial<Pick<CheckedInspectorOptions, "mapSize" | "region" | "ignore">> = {},
): Promise<Sight> {
  const { manifest } = model;
  return new Sight({
    ...manifest,
    mapSize: mapSize ?? manifest.mapSize,
    region: region === null ? undefined : (region ?? manifest.region),
    ignored:
      ignore === undefined ? await ignoredBy(model) : ignore === null ? undefined : await readIgnored(ignore),
  });
}

async function ignoredBy({ manifest, ignoreMask }: Model): Promise<IgnoredAreas | undefined> {
  const { ignore } = manifest;
  if (!ignore) return undefined;
  return { polygons: ignore.polygons, ...(ignoreMask && { mask: await decodeIgnoreMask(ignoreMask) }) };
}
