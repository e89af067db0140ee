import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { train } from "#uflow/train/index.js";
import { tensorboardProgress } from "#uflow/train/tensorboard.js";
import { tinyProduct } from "../evaluate/tiny-product.js";
import { havePython, readEvents } from "../output/read-events.js";

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "uflow-tensorboard-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Two steps per epoch. */
const at = (done: number, heldOut: { epoch: number; loss: number } | null = null) =>
  ({
    phase: "training",
    done,
    total: 8,
    epochs: 4,
    loss: -done,
    gradientNorm: 2,
    rate: null,
    heldOut,
  }) as const;

/** The event file of a training that tells these steps. */
async function written(steps: readonly ReturnType<typeof at>[]): Promise<string> {
  const folder = await mkdtemp(join(scratch, "run-"));
  const told: unknown[] = [];
  const { onProgress, ...events } = await tensorboardProgress(folder, (step) => told.push(step));
  for (const step of steps) onProgress(step);
  events[Symbol.dispose]();
  expect(told).toEqual(steps);
  return join(folder, (await readdir(folder))[0]!);
}

it.skipIf(!havePython)("writes each epoch once, and what is held out when it is known", async () => {
  const [known, before] = [
    { epoch: 1, loss: -1.5 },
    { epoch: 2, loss: -1 },
  ];
  const files = [
    await written([at(1), at(2), at(3, known), at(4, known)]),
    await written([at(5, before), at(6, before), at(7, { epoch: 3, loss: -2 })]),
    await written([at(2), at(4), at(3), at(4)]),
  ];
  const [fresh, resumed, goneBack] = readEvents(files).map((events) =>
    events.slice(1).map(({ step, session, scalars }) => (session ? `session ${step}` : [step, scalars])),
  );
  expect(fresh).toEqual([
    "session 1",
    [2, { "loss/training": -2, gradient_norm: 2 }],
    [2, { "loss/held_out": -1.5 }],
    [4, { "loss/training": -4, gradient_norm: 2 }],
  ]);
  // What was held out before is in the file of before.
  expect(resumed).toEqual([
    "session 5",
    [6, { "loss/training": -6, gradient_norm: 2 }],
    [6, { "loss/held_out": -2 }],
  ]);
  expect(goneBack!.filter((event) => typeof event === "string")).toEqual(["session 2", "session 3"]);
});

it("fails before the work when no file can be made", async () => {
  await expect(tensorboardProgress("/dev/null/x", undefined)).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
  });
});

it("is what training writes when it is asked to", async () => {
  await using product = await tinyProduct();
  const tensorboard = join(product.scratch, "runs");
  const output = join(product.scratch, "disc.uflow");
  await train({ data: product.data, output, inputSize: 64, flowSteps: 1, epochs: 1, tensorboard });
  expect(await readdir(tensorboard)).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
});
