import { stat } from "node:fs/promises";
import type { TestImage } from "../../image/datasets/index.js";
import { fingerprint } from "../../image/fingerprint.js";
import { fileSum } from "../../input/file-sum.js";
import { thisMachine } from "../../machine.js";
import type { ReportData } from "./report-data.js";

/** What an evaluation has gathered. */
export interface Gathered extends Pick<ReportData, "evaluation" | "curves" | "examined" | "sheets"> {
  images: readonly TestImage[];
  manifest: ReportData["model"]["manifest"];
}

/** All that the page shows, from what was gathered and from the files themselves. Reads model and images once more. */
export async function assemble({ images, manifest, ...gathered }: Gathered): Promise<ReportData> {
  const { model, data } = gathered.evaluation;
  return {
    ...gathered,
    date: new Date().toISOString(),
    model: { sha256: await fileSum(model), bytes: (await stat(model)).size, manifest },
    dataFingerprint: await fingerprint(data, images),
    machine: thisMachine(),
  };
}
