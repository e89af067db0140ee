// A flow to be trained on both sides, from the same parameters, on the same features or images.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { backboneOf, featureScales } from "../../dist/backbone/index.js";
import { initialParameters } from "../../dist/flow/parameters.js";
import { Random } from "../../dist/random.js";
import { JsonLines } from "../drivers/json-lines.mjs";
import { peerEnvironment } from "../drivers/kept-memory.mjs";
import { moved, randomWeights, WeightsFile } from "./weights.mjs";

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const weightDecay = 1e-5;

/** Architecture and parameters, the same in every process. */
export function flowOf(name, side) {
  const backbone = backboneOf(name);
  const scales = featureScales(backbone, side);
  const architecture = { scales, flowSteps: 4, normalization: backbone.normalization };
  return { backbone, architecture, parameters: moved(initialParameters(architecture, 1)), weightDecay };
}

export class TrainedFlow {
  #folder = mkdtempSync(join(tmpdir(), "uflow-training-"));
  #flow;
  #withBackbone;
  #weights;
  #onExit = () => this.close();

  /** @param withBackbone whether what it is trained on are images of so many pixels, not features */
  constructor(name, side, withBackbone = false) {
    process.once("exit", this.#onExit);
    this.name = name;
    this.side = side;
    this.#withBackbone = withBackbone;
    this.#flow = flowOf(name, side);
  }

  /** Ours, in a process of its own as PyTorch is, so that their memory compares. */
  async ours(threads) {
    const server = new JsonLines(process.execPath, [script("../drivers/serve-training.mjs")], {});
    const { name, side } = this;
    await server.ask({ do: "open", name, side, threads, images: this.#withBackbone });
    return {
      run: (inputs, rate) => server.ask({ do: "step", ...inputs, rate }),
      close: () => server.close(),
    };
  }

  async torch(python, threads) {
    const peer = new JsonLines(
      python,
      ["-B", script("../peers/torch_training.py")],
      peerEnvironment(threads),
    );
    const { architecture, parameters } = this.#flow;
    const { path, tensors } = await this.#written();
    const { versions } = await peer.ask({
      do: "open",
      flow_of: {
        scales: architecture.scales.map(({ channels, height, width }) => [channels, height, width]),
        steps: architecture.flowSteps,
        normalization: architecture.normalization,
        permutations: Object.fromEntries(
          [...parameters.permutations].map(([step, order]) => [step, [...order]]),
        ),
      },
      tensors,
      weights: path,
      weight_decay: weightDecay,
      backbone_name: this.#withBackbone ? this.name : null,
    });
    return {
      versions,
      run: (inputs, rate) => peer.ask({ do: "step", ...inputs, rate }),
      close: () => peer.close(),
    };
  }

  /** A file of a batch: normally distributed, as normalised images are and features may be. */
  batch(images, number = 0) {
    const { side } = this;
    const shapes = this.#withBackbone
      ? [[images, 3, side, side]]
      : this.#flow.architecture.scales.map(({ channels, height, width }) => [
          images,
          channels,
          height,
          width,
        ]);
    const random = new Random(3 + number);
    const count = shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const inputs = join(this.#folder, `batch-${images}-${number}.f32`);
    writeFileSync(
      inputs,
      Float32Array.from({ length: count }, () => random.normal()),
    );
    return { inputs, shapes };
  }

  close() {
    process.off("exit", this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #written() {
    if (this.#weights) return this.#weights;
    const { backbone, parameters } = this.#flow;
    const file = new WeightsFile(join(this.#folder, "weights.f32"));
    if (this.#withBackbone) await randomWeights(backbone.weights, "backbone.", file).readRest();
    for (const { name, shape, offset, length } of parameters.slots) {
      file.add(`flow.${name}`, shape, parameters.values.subarray(offset, offset + length));
    }
    file.close();
    this.#weights = file;
    return file;
  }
}
