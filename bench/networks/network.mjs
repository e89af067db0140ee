// A network of the paper with random weights, or one of the embedded backbone: built once, opened on both sides for as many
// threads as are wanted.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { backboneOf, featureName, featureScales, imageName } from "../../dist/backbone/index.js";
import { energyName, energyNetwork } from "../../dist/flow/energy-network.js";
import { initialParameters } from "../../dist/flow/parameters.js";
import { compose } from "../../dist/onnx/compose.js";
import { Session } from "../../dist/onnx/session.js";
import { JsonLines } from "../drivers/json-lines.mjs";
import { peerEnvironment } from "../drivers/kept-memory.mjs";
import { moved, randomWeights, WeightsFile } from "./weights.mjs";

/** Of the images, pixels. */
export const side = 448;
const script = fileURLToPath(new URL("../peers/torch_backbones.py", import.meta.url));

export class Network {
  #folder = mkdtempSync(join(tmpdir(), "uflow-networks-"));
  #architecture;
  #parameters;
  #parts;
  #weights;
  /** Whether the backbone's weights stay in a file. */
  #hasFile;

  /** Its random weights are in files until it is closed or the process exits: 3 GB for MS-CaiT. */
  static async build(name) {
    const network = new Network();
    process.once("exit", () => network.close());
    await network.#build(name);
    return network;
  }

  async #build(name) {
    const backbone = backboneOf(name);
    const scales = featureScales(backbone, side);
    this.name = name;
    this.#hasFile = backbone.fileVersion !== undefined;
    this.#architecture = { scales, flowSteps: 4, normalization: backbone.normalization };
    this.#parameters = moved(initialParameters(this.#architecture, 1));
    this.#weights = new WeightsFile(join(this.#folder, "weights.f32"));
    const features = scales.map((_, scale) => featureName(scale));
    const weights = backbone.weights && randomWeights(backbone.weights, "backbone.", this.#weights);
    this.#parts = [
      {
        name: "the backbone",
        network: await backbone.network(side, weights, this.#folder),
        inputs: [imageName],
        outputs: features,
      },
      {
        name: "the flow",
        network: energyNetwork(this.#architecture, this.#parameters),
        inputs: features,
        outputs: scales.map((_, scale) => energyName(scale)),
      },
    ];
    await weights?.readRest();
    for (const { name, shape, offset, length } of this.#parameters.slots) {
      this.#weights.add(`flow.${name}`, shape, this.#parameters.values.subarray(offset, offset + length));
    }
    this.#weights.close();
  }

  /**
   * What ours is made of, as `Inspector` opens it: one network, or two where they are too large together. Each with the folder of
   * weights that stay in a file.
   */
  get sources() {
    const weightsFolder = this.#hasFile ? this.#folder : undefined;
    const whole = compose(this.#parts, this.outputs);
    if (whole) return [{ network: whole, weightsFolder }];
    const [backbone, flow] = this.#parts;
    return [{ network: backbone.network, weightsFolder }, { network: flow.network }];
  }

  /** The names of the energies. */
  get outputs() {
    return this.#parts.at(-1).outputs;
  }

  /** Ours, as `Inspector` runs it: a batch is one image after the other. */
  async ours(threads) {
    const { outputs } = this;
    const sessions = [];
    for (const { network, weightsFolder } of this.sources) {
      sessions.push(await Session.create(network, { device: "cpu", threads, weightsFolder }));
    }
    const energiesOf = async (data) => {
      let tensors = { [imageName]: { data, dims: [1, 3, side, side] } };
      for (const session of sessions) tensors = await session.run(tensors);
      return outputs.map((name) => tensors[name].data);
    };
    return {
      async run({ data, dims: [batch] }) {
        const pixels = data.length / batch;
        const start = performance.now();
        const images = [];
        for (let i = 0; i < batch; i++) {
          images.push(await energiesOf(data.subarray(i * pixels, (i + 1) * pixels)));
        }
        const seconds = (performance.now() - start) / 1e3;
        // Per scale all images, as the other side has them.
        const energies = outputs.flatMap((_, scale) => images.flatMap((maps) => [...maps[scale]]));
        return { seconds, energies };
      },
      async close() {
        for (const session of sessions) await session.close();
      },
    };
  }

  /** The same network in PyTorch, in a process of its own. */
  async torch(python, threads) {
    const peer = new JsonLines(python, ["-B", script], peerEnvironment(threads));
    const { scales, flowSteps, normalization } = this.#architecture;
    const permutations = [...this.#parameters.permutations].map(([name, order]) => [name, [...order]]);
    const { versions } = await peer.ask({
      do: "open",
      name: this.name,
      flow: {
        scales: scales.map(({ channels, height, width }) => [channels, height, width]),
        steps: flowSteps,
        normalization,
        permutations: Object.fromEntries(permutations),
      },
      tensors: this.#weights.tensors,
      weights: this.#weights.path,
    });
    const { gflops } = await peer.ask({ do: "product" });
    const [image, energies] = [join(this.#folder, "image.f32"), join(this.#folder, "energies.f32")];
    return {
      versions,
      /** GFLOP/s of a matrix product, for comparison. */
      product: gflops,
      /** @param atOnce images in a pass */
      async run({ data, dims }, atOnce) {
        writeFileSync(image, data);
        const { seconds, gflop } = await peer.ask({
          do: "run",
          image,
          shape: dims,
          at_once: atOnce,
          energies,
        });
        const { buffer } = new Uint8Array(readFileSync(energies));
        return { seconds, gflop, energies: new Float32Array(buffer) };
      },
      close: () => peer.close(),
    };
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
