import { readFile } from "node:fs/promises";
import { messageOf } from "../../error.js";
import type { RunGate } from "../../onnx/run-gate.js";
import { Session, type Tensor } from "../../onnx/session.js";
import { Random } from "../../random.js";
import { featureName, imageName } from "../features.js";
import type { OwnNetwork } from "./description.js";
import {
  cutNetwork,
  type ForeignNetwork,
  imageInput,
  parseNetwork,
  unusable,
  yieldedValues,
} from "./network.js";

/** What is asked of a foreign network. */
export interface ProbeTask {
  path: string;
  /** What messages call it. */
  fileName: string;
  /** Values that are to be the feature maps; undefined to find them among the network's own outputs. */
  outputs: readonly string[] | undefined;
  /** Side of the images on which it is tried; undefined: the network's own, else `usualSide`. */
  inputSize: number | undefined;
}

export type Probed = Omit<OwnNetwork, "preprocessing">;

/** A value of the network as a feature map, or why it is none. */
type Measured = { name: string } & ({ stride: number; channels: number } | { problem: string });
type Feature = Extract<Measured, { stride: number }>;

const usualSide = 256;

/** More than one, so that a network that takes a single image is found out. */
const batch = 2;

const mostScales = 8;

/**
 * Runs a foreign network once, to see whether and how it can be a backbone: which feature maps, of which strides and how
 * many channels. Synchronous inside; for a worker thread.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS that says what is wrong, and what to do.
 */
export async function probe(
  { path, fileName, outputs, inputSize }: ProbeTask,
  gate: RunGate,
): Promise<Probed> {
  const network = parseNetwork(fileName, await readFile(path));
  const input = imageInput(fileName, network);
  if (inputSize !== undefined && input.side !== undefined && inputSize !== input.side) {
    throw unusable(fileName, `its input size is fixed to ${input.side}, but ${inputSize} was asked for`);
  }
  const side = inputSize ?? input.side ?? usualSide;
  const run = (names: readonly string[]) => measure(fileName, network, input.name, names, side, gate);
  const features = outputs
    ? await chosen(fileName, network, outputs, run)
    : await found(fileName, network, run);
  checkPyramid(fileName, features);
  return {
    input: input.name,
    outputs: features.map(({ name }) => name),
    strides: features.map(({ stride }) => stride),
    channels: features.map(({ channels }) => channels),
    inputSize: side,
    fixedInputSize: input.side !== undefined,
  };
}

type Run = (names: readonly string[]) => Promise<Measured[]>;

/** The values that the user has named, finest first. */
async function chosen(
  fileName: string,
  network: ForeignNetwork,
  names: readonly string[],
  run: Run,
): Promise<Feature[]> {
  const there = yieldedValues(network);
  const missing = names.filter((name) => !there.includes(name));
  if (missing.length > 0) {
    const some = there.slice(-10).join(", ");
    throw unusable(
      fileName,
      `it yields no ${missing.join(", ")}; the last of its ${there.length} values are ${some}`,
    );
  }
  const measured = await run(names);
  const problems = measured.flatMap((value) => ("problem" in value ? [value.problem] : []));
  if (problems.length > 0) throw unusable(fileName, problems.join("; "));
  return finestFirst(measured);
}

/** Its outputs that can be feature maps. */
async function found(fileName: string, network: ForeignNetwork, run: Run): Promise<Feature[]> {
  const names = network.graph.output.map(({ name }) => name);
  const yielded = new Set(yieldedValues(network));
  const measured = await run(names.filter((name) => yielded.has(name)));
  const features = finestFirst(measured);
  const twice = features.find(({ stride }, i) => stride === features[i + 1]?.stride);
  if (features.length > 0 && !twice) return features;
  const problem = twice
    ? `several of its outputs have the stride ${twice.stride}: ${features.map(shown).join(", ")}`
    : `none of its outputs is a feature map: ${measured.map((value) => ("problem" in value ? value.problem : "")).join("; ")}`;
  throw unusable(
    fileName,
    `${problem}. Choose values inside of it by --outputs${await suggestion(network, run)}`,
  );
}

/** The last value of each stride: what networks of ever coarser stages are usually tapped at. */
async function suggestion(network: ForeignNetwork, run: Run): Promise<string> {
  const measured = await run(yieldedValues(network)).catch(() => []);
  const last = new Map(
    measured.flatMap((value) => ("stride" in value ? [[value.stride, value] as const] : [])),
  );
  if (last.size === 0) return "";
  return `. The last ones of each stride are ${finestFirst([...last.values()])
    .map(shown)
    .join(", ")}`;
}

const shown = ({ name, stride, channels }: Feature) => `${name} (stride ${stride}, ${channels} channels)`;

const finestFirst = (measured: readonly Measured[]): Feature[] =>
  measured.filter((value): value is Feature => "stride" in value).sort((a, b) => a.stride - b.stride);

function checkPyramid(fileName: string, features: readonly Feature[]): void {
  const halves = features.every(({ stride }, i) => i === 0 || stride === 2 * features[i - 1]!.stride);
  if (halves && features.length <= mostScales) return;
  const wanted = `1 to ${mostScales} feature maps, each half as large as the one before, are wanted`;
  throw unusable(
    fileName,
    `${wanted}; these are ${features.map(shown).join(", ")}. Choose them by --outputs`,
  );
}

/** Runs the network on noise and looks at what comes out. */
async function measure(
  fileName: string,
  network: ForeignNetwork,
  input: string,
  names: readonly string[],
  side: number,
  gate: RunGate,
): Promise<Measured[]> {
  if (names.length === 0) return [];
  const random = new Random(1);
  const data = Float32Array.from({ length: batch * 3 * side * side }, () => random.normal());
  try {
    const session = await Session.create(cutNetwork(network, input, names), {
      device: "cpu",
      threads: 0,
      gate,
    });
    try {
      const results = await session.run({ [imageName]: { data, dims: [batch, 3, side, side] } });
      return names.map((name, i) => ({ name, ...featureIn(name, results[featureName(i)], side) }));
    } finally {
      await session.close();
    }
  } catch (error) {
    throw unusable(
      fileName,
      `it does not run on ${batch} images of ${side} × ${side}: ${messageOf(error)}`,
      error,
    );
  }
}

function featureIn(name: string, tensor: Tensor | undefined, side: number) {
  const { data, dims = [] } = tensor ?? {};
  const problem = (reason: string) => ({ problem: `${name} [${dims.join(", ")}] ${reason}` });
  if (!(data instanceof Float32Array)) return problem("is not of float32");
  const [images, channels, height, width] = dims as number[];
  if (dims.length !== 4 || images !== batch) return problem("is not [batch, channels, height, width]");
  if (height !== width) return problem(height === channels ? "has its channels last" : "is not square");
  if (height! < 2 || side % height! !== 0)
    return problem(`does not divide the side ${side} into whole strides`);
  if (!data.every(Number.isFinite)) return problem("holds NaN or infinity");
  return { stride: side / height!, channels: channels! };
}
