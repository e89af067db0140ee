import type { PlainError } from "../error.js";
import type { Category } from "../image/datasets/index.js";
import type { Run } from "./run.js";
import type { Settings } from "./settings.js";
import type { Summary } from "./summary.js";

/** What came out for all categories of a data set. Plain data. */
export interface Study {
  data: string;
  seeds: number[];
  /** What all runs had in common, defaults filled in. */
  settings: Settings;
  categories: CategoryResult[];
  /** Mean over the categories of which all seeds are finished; null where there is none. */
  mean: Summary | null;
  failures: Failure[];
  /** Nothing has failed, and all test images could be read. */
  complete: boolean;
}

export interface CategoryResult extends Category {
  runs: Run[];
  /** Over the seeds; null unless some run is finished. */
  summary: Summary | null;
  /** All seeds are finished, and all test images could be read. */
  complete: boolean;
}

/** A run that failed; of no seed when the category could not even be listed. */
export type Failure = PlainError & { category: string; seed: number | null };
