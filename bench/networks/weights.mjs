// Random weights for both sides: drawn by name, and written one after the other into a file for PyTorch.
import { closeSync, openSync, writeSync } from "node:fs";
import { Random } from "../../dist/random.js";

export class WeightsFile {
  /** Names and shapes, in the order of the file. */
  tensors = [];
  #file;

  constructor(path) {
    this.path = path;
    this.#file = openSync(path, "w");
  }

  add(name, shape, data) {
    writeSync(this.#file, data);
    this.tensors.push([name, shape]);
  }

  close() {
    closeSync(this.#file);
  }
}

/** The weights of a backbone, each of which is added to the file, if there is one, when it is read. */
export function randomWeights({ shapes }, prefix, file) {
  const unread = new Set(shapes.keys());
  const read = async (name) => {
    const data = drawn(name, shapes.get(name));
    if (unread.delete(name)) file?.add(prefix + name, shapes.get(name), data);
    return data;
  };
  /** Adds those that the network did without, for instance biases that change no softmax. */
  const readRest = async () => {
    for (const name of unread) await read(name);
  };
  return { shapes, read, readRest };
}

/** As wide as the initial weights of PyTorch; variances and scales near 1. */
function drawn(name, shape) {
  const random = Random.stream(1, name);
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
  const [low, high] =
    shape.length > 1
      ? [-Math.sqrt(3 / inputs), Math.sqrt(3 / inputs)]
      : /var|weight/.test(name)
        ? [0.8, 1.2]
        : [0, 0.1];
  for (let i = 0; i < data.length; i++) data[i] = random.between(low, high);
  return data;
}

/** What training starts with, and what the start leaves at 0 or 1 moved a little, lest a mistake there go unseen. */
export function moved(parameters) {
  for (const { name, offset, length, fanIn } of parameters.slots) {
    if (fanIn !== undefined) continue;
    const random = Random.stream(1, name);
    for (let i = offset; i < offset + length; i++) parameters.values[i] += random.between(-0.1, 0.1);
  }
  return parameters;
}
