import { readModel } from "../bundle/read.js";
import { operatingPointFor } from "../inspect/operating-point-for.js";
import { checkInspectorOptions, type InspectorOptions } from "../inspect/options.js";
import { Pipeline } from "../inspect/pipeline.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";

/**
 * What a lane of an inspector is made of, on the calling thread, and with the latents as further outputs of its one network.
 * @throws UflowError as `Inspector.open()`.
 */
export async function openPipeline(path: string, options: InspectorOptions): Promise<Pipeline> {
  const checked = { ...checkInspectorOptions(options), lanes: 1 };
  const model = await withWeightsFolder(await readModel(path));
  const point = operatingPointFor(model.manifest, checked);
  const [pipeline] = await Pipeline.openAll([model], [point], { ...checked, latents: true });
  return pipeline!;
}
