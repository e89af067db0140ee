import { z } from "zod";
import type { DownloadOptions } from "./download.js";
import { hubRepositories, isEmbedded } from "./known.js";
import { backboneName, type Metadata } from "./record.js";

/** Options of `Store.pull()`. */
export interface PullOptions extends Omit<DownloadOptions, "onProgress"> {
  /** Address of the model hub or of a mirror. Default: the variable `HF_ENDPOINT`, else https://huggingface.co. */
  host?: string;
  /** Refuses to use the network: succeeds only with what is in the store. Default false. */
  offline?: boolean;
  /** Called as bytes arrive; `total` is undefined where the server does not say. `file` counts from 0. */
  onProgress?: (progress: { file: number; files: number; done: number; total: number | undefined }) => void;
}

/** Options of `Store.import()`. */
export interface ImportOptions {
  /** The backbone's name: one of the paper's, for which the files then stand, or a new one. */
  as: string;
  /**
   * Looks at the copy of each file before it is taken in, and says whatever the user of the files must know, as JSON;
   * throws to refuse it. `fileName` is what the file is called where it comes from.
   */
  describe?: (copy: string, fileName: string) => Promise<Metadata>;
}

const callback = z.custom<() => void>((value) => typeof value === "function", "expected a function");
const describe = z.custom<ImportOptions["describe"]>((value) => typeof value === "function");

export const pullSchema = z.strictObject({
  name: z.enum(Object.keys(hubRepositories)),
  host: z.url({ protocol: /^https?$/, error: "expected an address like https://huggingface.co" }),
  offline: z.boolean().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: callback.optional(),
  onRetry: callback.optional(),
  attempts: z.int().positive().optional(),
  retryDelay: z.number().nonnegative().optional(),
  stallTimeout: z.number().positive().optional(),
});

export const importSchema = z.strictObject({
  as: backboneName.refine((name) => !isEmbedded(name), "expected a name that is not built in"),
  describe: describe.optional(),
  files: z.array(z.string().min(1)).min(1),
});
