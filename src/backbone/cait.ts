/**
 * CaiT (H. Touvron et al., "Going deeper with Image Transformers", 2021) as a feature extractor: patches, the first
 * blocks of self-attention between them, and the final normalisation. There is no class token. Weights have the names of
 * PyTorch's state_dict.
 */
import { type Graph, known, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { type Linear, type TalkingHeads, talkingHeads } from "./talking-heads.js";
import { type ReadWeights, scaleRows, type WantedWeights } from "./weights.js";

export interface Cait {
  readonly name: string;
  /** Side of the input image, pixels. */
  readonly inputSize: number;
  /** Side of a patch, pixels: the stride of the feature map. */
  readonly patchSize: number;
  readonly channels: number;
  readonly heads: number;
  /** How many blocks are used; the weights may have more. */
  readonly blocks: number;
}

/** Puts weights into a graph as a constant. */
export type PlaceWeights = (name: string, data: Float32Array, shape: readonly number[]) => Promise<Value>;

/** Reads weights by their name in the state_dict, and puts what becomes of them into the graph. */
interface Source {
  read: ReadWeights;
  place: PlaceWeights;
}

/** Added to the variance. */
const epsilon = 1e-6;

/** Channels inside an MLP per channel outside. */
const expansion = 4;

/** The weights that a CaiT needs; what comes after its last block that is used may be there too. */
export function caitWeights(architecture: Cait): WantedWeights {
  const { channels: c, heads, patchSize, blocks } = architecture;
  const shapes = new Map<string, number[]>([
    ["pos_embed", [1, tokensOf(architecture), c]],
    ["patch_embed.proj.weight", [c, 3, patchSize, patchSize]],
    ["patch_embed.proj.bias", [c]],
    ["norm.weight", [c]],
    ["norm.bias", [c]],
  ]);
  const linear = (layer: string, out: number, inn: number) => {
    shapes.set(`${layer}.weight`, [out, inn]).set(`${layer}.bias`, [out]);
  };
  for (let b = 0; b < blocks; b++) {
    const block = `blocks.${b}`;
    for (const vector of ["gamma_1", "gamma_2", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"]) {
      shapes.set(`${block}.${vector}`, [c]);
    }
    linear(`${block}.attn.qkv`, 3 * c, c);
    linear(`${block}.attn.proj_l`, heads, heads);
    linear(`${block}.attn.proj_w`, heads, heads);
    linear(`${block}.attn.proj`, c, c);
    linear(`${block}.mlp.fc1`, expansion * c, c);
    linear(`${block}.mlp.fc2`, c, expansion * c);
  }
  return { network: architecture.name, shapes, unused: (name) => isUnused(name, blocks) };
}

/** Blocks behind the last that is used, the class token with its blocks, and the head. */
function isUnused(name: string, blocks: number): boolean {
  const block = /^blocks\.(\d+)\./.exec(name);
  return block ? Number(block[1]) >= blocks : /^(cls_token$|blocks_token_only\.|head\.)/.test(name);
}

/** Appends the network to an image [batch, 3, side, side]. @returns features [batch, channels, side / patch, side / patch]. */
export async function cait(g: Graph, image: Value, architecture: Cait, source: Source): Promise<Value> {
  const { channels, inputSize, patchSize } = architecture;
  let x = await patches(g, image, architecture, source);
  for (let b = 0; b < architecture.blocks; b++) x = await block(g, x, architecture, `blocks.${b}`, source);
  const normalised = await norm(g, x, "norm", source);
  const side = inputSize / patchSize;
  const tokens = op.reshape(g, normalised, ["batch", tokensOf(architecture), channels]);
  return op.reshape(g, op.transpose(g, tokens, [0, 2, 1]), ["batch", channels, side, side]);
}

function tokensOf({ inputSize, patchSize }: Cait): number {
  return (inputSize / patchSize) ** 2;
}

/** The patches of the image, embedded at their places: rows [batch · tokens, channels]. */
async function patches(g: Graph, image: Value, architecture: Cait, source: Source): Promise<Value> {
  const { channels, patchSize } = architecture;
  const tokens = tokensOf(architecture);
  const weight = await placed("patch_embed.proj.weight", [channels, 3, patchSize, patchSize], source);
  const bias = await placed("patch_embed.proj.bias", [channels], source);
  const position = await placed("pos_embed", [1, tokens, channels], source);
  const strides = [patchSize, patchSize] as const;
  const map = op.conv(g, image, weight, bias, { strides, pads: [0, 0, 0, 0] });
  const x = op.transpose(g, op.reshape(g, map, ["batch", channels, tokens]), [0, 2, 1]);
  return op.reshape(g, op.add(g, x, position), ["rows", channels]);
}

/** x + γ₁·attention(norm(x)), then that + γ₂·mlp(norm(that)). The γ are folded into the linear layers before them. */
async function block(g: Graph, x: Value, architecture: Cait, name: string, source: Source): Promise<Value> {
  const { channels, heads } = architecture;
  const size = { heads, tokens: tokensOf(architecture), channels };
  const attention = await attentionWeights(architecture, name, source);
  const y = op.add(g, x, talkingHeads(g, await norm(g, x, `${name}.norm1`, source), size, attention));
  const inner = await linear(`${name}.mlp.fc1`, expansion * channels, channels, source);
  const outer = await linear(`${name}.mlp.fc2`, channels, expansion * channels, source, `${name}.gamma_2`);
  const normalised = await norm(g, y, `${name}.norm2`, source);
  const hidden = op.gelu(g, op.linear(g, normalised, inner.weight, inner.bias));
  return op.add(g, y, op.linear(g, hidden, outer.weight, outer.bias));
}

async function attentionWeights(
  { channels, heads }: Cait,
  name: string,
  source: Source,
): Promise<TalkingHeads> {
  const [queries, keys, values] = await queriesKeysValues(`${name}.attn`, { channels, heads }, source);
  return {
    queries,
    keys,
    values,
    beforeSoftmax: await placed(`${name}.attn.proj_l.weight`, [heads, heads], source),
    afterSoftmax: {
      weight: await placed(`${name}.attn.proj_w.weight`, [heads, heads], source),
      bias: await placed(`${name}.attn.proj_w.bias`, [heads, 1, 1], source),
    },
    projection: await linear(`${name}.attn.proj`, channels, channels, source, `${name}.gamma_1`),
  };
}

/** The three layers that the file keeps as one; the queries are divided by √(channels of a head). */
async function queriesKeysValues(
  name: string,
  { channels: c, heads }: Pick<Cait, "channels" | "heads">,
  { read, place }: Source,
): Promise<[Linear, Linear, Linear]> {
  const weight = await read(`${name}.qkv.weight`);
  const bias = await read(`${name}.qkv.bias`);
  const part = async (i: 0 | 1 | 2, factor: number) => {
    const factors = new Float64Array(c).fill(factor);
    const rows = weight.subarray(i * c * c, (i + 1) * c * c);
    const offsets = bias.subarray(i * c, (i + 1) * c);
    return {
      weight: await place(`${name}.${"qkv"[i]}.weight`, scaleRows(rows, factors), [c, c]),
      bias: await place(`${name}.${"qkv"[i]}.bias`, scaleRows(offsets, factors), [c]),
    };
  };
  return [await part(0, 1 / Math.sqrt(c / heads)), await part(1, 1), await part(2, 1)];
}

async function norm(g: Graph, x: Value, name: string, source: Source): Promise<Value> {
  const channels = known(x.shape[1]);
  const weight = await placed(`${name}.weight`, [channels], source);
  return op.layerNorm(g, x, weight, await placed(`${name}.bias`, [channels], source), epsilon);
}

/** A linear layer, its outputs multiplied by the vector named `gamma` where one is given. */
async function linear(
  name: string,
  out: number,
  inn: number,
  { read, place }: Source,
  gamma?: string,
): Promise<Linear> {
  const factors = gamma === undefined ? new Float32Array(out).fill(1) : await read(gamma);
  return {
    weight: await place(`${name}.weight`, scaleRows(await read(`${name}.weight`), factors), [out, inn]),
    bias: await place(`${name}.bias`, scaleRows(await read(`${name}.bias`), factors), [out]),
  };
}

async function placed(name: string, shape: readonly number[], { read, place }: Source): Promise<Value> {
  return place(name, await read(name), shape);
}
