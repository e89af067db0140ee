/** Files of weights as what backbones are built from. */
import { messageOf, UflowError } from "../error.js";
import type { CheckFile, StoredBackbone } from "../weights/store/index.js";
import { openWeights, type WeightFile } from "../weights/weight-file.js";
import {
  type Backbone,
  backboneOf,
  checkWeights,
  isBackboneName,
  joinWeights,
  type Weights,
  wantedUnder,
} from "./index.js";

/** The tensors of an open file. */
export function weightsIn(file: WeightFile): Weights {
  return {
    shapes: new Map([...file.tensors].map(([name, { shape }]) => [name, shape])),
    read: (name) => file.floats(name),
  };
}

/** Opens the files of a backbone as its weights, for as long as the work lasts. */
export async function withWeights<T>(
  { weightFiles = [] }: Backbone,
  stored: StoredBackbone,
  work: (weights: Weights) => Promise<T>,
): Promise<T> {
  const files: [prefix: string, file: WeightFile][] = [];
  try {
    for (const [i, prefix] of weightFiles.entries()) {
      const { path } = stored.files[i] ?? {};
      if (path !== undefined) files.push([prefix, await openWeights(path)]);
    }
    return await work(
      joinWeights(Object.fromEntries(files.map(([prefix, file]) => [prefix, weightsIn(file)]))),
    );
  } finally {
    for (const [, file] of files) await file.close();
  }
}

/** Holds a file against what the backbone is built from, by the names and shapes of its tensors. */
export const checkFile: CheckFile = async (path, { fileName, backbone: name, kind, index }) => {
  if (!isBackboneName(name)) {
    if (kind === "onnx") return;
    throw badWeights(
      `"${fileName}" holds weights without a network, so it cannot be a backbone of your own: expected an .onnx file`,
    );
  }
  const backbone = backboneOf(name);
  const problems = await problemsOf(path, backbone);
  if (problems[index] === undefined) return;
  throw badWeights(`"${fileName}" cannot be "${name}": ${problems[index]}${orderHint(backbone, problems)}`);
};

/** For each file of a backbone, why a given one cannot be it; undefined where it can. */
async function problemsOf(path: string, { weights, weightFiles }: Backbone): Promise<(string | undefined)[]> {
  let file: WeightFile | undefined;
  try {
    file = await openWeights(path);
    const given = weightsIn(file);
    return weightFiles!.map((prefix) => problemOf(() => checkWeights(given, wantedUnder(prefix, weights!))));
  } catch (error) {
    return weightFiles!.map(() => messageOf(error).replace(` ${path}`, ""));
  } finally {
    await file?.close();
  }
}

function problemOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function orderHint({ weightFiles = [] }: Backbone, problems: readonly (string | undefined)[]): string {
  if (!problems.includes(undefined)) return "";
  const order = weightFiles.map((prefix) => prefix.slice(0, -1)).join(", then ");
  return `. It is file ${problems.indexOf(undefined) + 1} of ${weightFiles.length}: give them in the order ${order}`;
}

const badWeights = (message: string) => new UflowError("ERR_UFLOW_BAD_WEIGHTS", message);
