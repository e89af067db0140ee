import { z } from "zod";

const size = z.int().positive().max(16384);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** What the store says of a backbone of the user's own: how its network is used. */
const ownSchema = z.strictObject({
  /** The network's names of what comes in and what goes out, finest first. */
  input: z.string(),
  outputs: z.array(z.string()).min(1).max(8),
  strides: z.array(size).min(1).max(8),
  channels: z.array(size).min(1).max(8),
  /** The side of the images on which it was tried, pixels. */
  inputSize: size,
  /** Whether it has no other. */
  fixedInputSize: z.boolean(),
  preprocessing: z.strictObject({ mean: triple, std: triple }),
});

export type OwnNetwork = z.infer<typeof ownSchema>;

/** What the store says of a backbone, as that; undefined where it says something else or nothing. */
export function ownNetworkOf(metadata: unknown): OwnNetwork | undefined {
  return ownSchema.safeParse(metadata).data;
}
