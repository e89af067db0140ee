import type { InspectorOptions } from "../inspect/index.js";
import type { Addon } from "../kernels/types.js";

/**
 * What the networks compute with; it decides the limits. CUDA multiplies in TF32 where the card has it. No model runs in
 * float16 unless a program asks for it, so that such ways are reported but do not decide about the certificate.
 */
export const precisions = ["float32", "tf32", "float16"] as const;
export type Precision = (typeof precisions)[number];

/** The vector instructions that the native kernels are compiled for. */
export const instructionSets = ["baseline", "avx2", "avx512"] as const satisfies Addon["instructionSet"][];
export type InstructionSet = (typeof instructionSets)[number];

/** One way in which a machine can run a model. */
export interface Way {
  name: string;
  precision: Precision;
  options: InspectorOptions;
  /** Of the native kernels; default: the best that the processor has. */
  instructionSet?: InstructionSet;
}

/** What all ways are compared with: nothing is reordered, fused or split among threads. */
export const reference: Way = {
  name: "CPU, 1 thread, no optimisation",
  precision: "float32",
  options: { device: "cpu", threads: 1, graphOptimizationLevel: "disabled" },
  instructionSet: "baseline",
};

/**
 * Every way that is tried on a machine with so many threads, beside the vector instructions that it takes by itself; some
 * it may not have. Another precision is one more line.
 */
export function waysOf({
  threads,
  instructionSet: best,
}: {
  threads: number;
  instructionSet: InstructionSet;
}): Way[] {
  const others = instructionSets.filter((instructionSet) => instructionSet !== best);
  return [
    { name: `CPU, default settings, kernels with ${best}`, precision: "float32", options: { device: "cpu" } },
    { name: "CPU, 1 thread", precision: "float32", options: { device: "cpu", threads: 1 } },
    { name: `CPU, all threads (${threads})`, precision: "float32", options: { device: "cpu", threads } },
    ...others.map(
      (instructionSet): Way => ({
        name: `CPU, kernels with ${instructionSet}`,
        precision: "float32",
        options: { device: "cpu" },
        instructionSet,
      }),
    ),
    {
      name: "CPU, float16 on request",
      precision: "float16",
      options: { device: "cpu", precision: "float16" },
    },
    { name: "CUDA", precision: "tf32", options: { device: "cuda" } },
    {
      name: "CUDA, float16 on request",
      precision: "float16",
      options: { device: "cuda", precision: "float16" },
    },
  ];
}
