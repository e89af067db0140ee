import { z } from "zod";
import { messageOf, UflowError } from "../error.js";
import { startGatedThread } from "../onnx/run-gate.js";
import { parseOptions } from "../options.js";
import type { Store, StoredBackbone } from "../weights/store/index.js";
import { backboneName } from "../weights/store/record.js";
import { imageNet, isBackboneName } from "./index.js";
import type { Probed, ProbeTask } from "./own/probe.js";
import type { ProbeReply } from "./own/probe-worker.js";
import { openBackboneStore } from "./stored.js";

/** Options of `importBackbone()`. All but `as` are for a network of one's own. */
export interface ImportBackboneOptions {
  /** One of the paper's backbones, for which the files then stand, or a new name. */
  as: string;
  /**
   * Values of the network, of float32 [batch, channels, height, width], each half as large as the one before: its feature
   * maps. They need not be its outputs. Default: its outputs of that kind, where they are such a series.
   */
  outputs?: string[];
  /** Per channel (red, green, blue), for values in 0 … 1: (value − mean) / std. Default: those of ImageNet. */
  mean?: [number, number, number];
  std?: [number, number, number];
  /** Side of the images on which it is tried, and the default of its trainings, pixels. Default: its own where fixed, else 256. */
  inputSize?: number;
}

const colour = z.tuple([z.number(), z.number(), z.number()], "expected three numbers: red, green, blue");

const ownSchema = z.strictObject({
  as: backboneName,
  files: z.array(z.string().min(1)).length(1, "expected one .onnx file"),
  outputs: z
    .array(z.string().min(1))
    .min(1)
    .max(8)
    .refine((names) => new Set(names).size === names.length, "expected different names")
    .optional(),
  mean: colour.optional(),
  std: colour.refine((std) => std.every((value) => value > 0), "expected numbers above 0").optional(),
  inputSize: z.int().min(32).max(2048).optional(),
});

const notOwn = z
  .undefined("expected nothing, since it is for a network of your own under a new name")
  .optional();
const knownSchema = z.strictObject({
  as: backboneName,
  files: z.array(z.string().min(1)),
  outputs: notOwn,
  mean: notOwn,
  std: notOwn,
  inputSize: notOwn,
});

/**
 * Copies the weights of a backbone of the paper into the store, or a network of one's own (ONNX), under a new name. That
 * one is run once, in a worker thread, to find out whether and how it can be a backbone.
 * @param paths as many files as the backbone has, in its order; of one's own, one file
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_WEIGHTS when the files are not what the backbone is built from or
 * the network cannot be one, ERR_UFLOW_OUTPUT; the name then stands for what it stood for before.
 */
export async function importBackbone(
  paths: readonly string[],
  options: ImportBackboneOptions,
  store: Store = openBackboneStore(),
): Promise<StoredBackbone> {
  const own = !isBackboneName(options.as);
  parseOptions("import", own ? ownSchema : knownSchema, { ...options, files: paths });
  if (!own) return store.import(paths, { as: options.as });
  const { as, outputs, inputSize, mean = imageNet.mean, std = imageNet.std } = options;
  return store.import(paths, {
    as,
    async describe(copy, fileName) {
      const probed = await probeInThread({ path: copy, fileName, outputs, inputSize });
      return { ...probed, preprocessing: { mean, std } };
    },
  });
}

function probeInThread(task: ProbeTask): Promise<Probed> {
  return new Promise((resolve, reject) => {
    const worker = startGatedThread(new URL("./own/probe-worker.js", import.meta.url), task);
    worker.on("message", (reply: ProbeReply) => {
      if (reply.kind === "done") resolve(reply.probed);
      else reject(new UflowError(reply.error.code, reply.error.message));
    });
    const fail = (reason: string) =>
      reject(new UflowError("ERR_UFLOW_LANE", `Trying the network failed: ${reason}`));
    worker.on("error", (error) => fail(messageOf(error)));
    worker.on("exit", (code) => fail(`its thread ended with code ${code}`));
  });
}
