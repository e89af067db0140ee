import type { FlowArchitecture } from "#uflow/flow/architecture.js";
import { stages } from "#uflow/flow/architecture.js";
import { type FlowParameters, initialParameters, parameter } from "#uflow/flow/parameters.js";
import { Random } from "#uflow/random.js";
import type { Tensor } from "#uflow/weights/tensor.js";
import { goldenWeights } from "../backbone/test-weights.js";
import { loadGolden } from "../fixtures/golden.js";

/** ResNet-18 with the weights of its golden features, of images of 64 pixels. */
export const golden = loadGolden("backbone/backbone_resnet18");
export const resnetWeights = goldenWeights(golden.meta.tensors);

const side = 64;
export const architecture: FlowArchitecture = {
  scales: [64, 128, 256].map((channels, i) => ({
    channels,
    height: side / (4 << i),
    width: side / (4 << i),
  })),
  flowSteps: 2,
  normalization: "layer",
};

/** A flow on ResNet-18 of which no parameter is what it was in the beginning. */
export function drawnParameters(): FlowParameters {
  const parameters = initialParameters(architecture, 3);
  for (const { name, offset, length } of parameters.slots) {
    const random = Random.stream(4, name);
    for (let i = offset; i < offset + length; i++) {
      parameters.values[i]! += random.between(-0.01, 0.01);
    }
  }
  return parameters;
}

/** A checkpoint's state dict as the reference writes it, spelled out by hand: without the code that is tested. */
export function stateOf(parameters: FlowParameters): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  const put = (key: string, shape: number[], data: Tensor["data"]) =>
    state.set(`model.${key}`, { shape, data });
  let module = 0;
  for (const { scale, channels: c, upward } of stages(architecture)) {
    const [kept, transformed] = [Math.ceil(c / 2), Math.floor(c / 2)];
    for (let step = 0; step < architecture.flowSteps; step++, module++) {
      const at = `flow.module_list.${module}`;
      const of = (name: string) => parameter(parameters, `scale${scale}.step${step}.${name}`);
      const k = step % 2 === 0 ? 3 : 1;
      put(`${at}.global_scale`, [1, c, 1, 1], of("globalScale"));
      put(`${at}.global_offset`, [1, c, 1, 1], of("globalOffset"));
      const [matrix, inverse] = [new Float32Array(c * c), new Float32Array(c * c)];
      parameters.permutations.get(`scale${scale}.step${step}`)!.forEach((from, to) => {
        matrix[to * c + from] = 1;
        inverse[from * c + to] = 1;
      });
      put(`${at}.w_perm`, [c, c, 1, 1], matrix);
      put(`${at}.w_perm_inv`, [c, c, 1, 1], inverse);
      put(`${at}.subnet.0.weight`, [kept, kept, k, k], of("conv1.weight"));
      put(`${at}.subnet.0.bias`, [kept], of("conv1.bias"));
      put(`${at}.subnet.2.weight`, [2 * transformed, kept, k, k], of("conv2.weight"));
      put(`${at}.subnet.2.bias`, [2 * transformed], of("conv2.bias"));
    }
    if (upward > 0) {
      const kernel = new Float32Array(4 * upward);
      for (let row = 0; row < upward; row++) kernel[4 * row + (row % 4)] = 1;
      put(`flow.module_list.${module + 1}.downsample_kernel`, [upward, 1, 2, 2], kernel);
    }
    module += 3;
  }
  architecture.scales.forEach(({ channels, height, width }, i) => {
    for (const part of ["weight", "bias"]) {
      const data = parameter(parameters, `scale${i}.norm.${part}`);
      put(`feature_extractor.feature_normalizations.${i}.${part}`, [channels, height, width], data);
    }
  });
  return state;
}

/** ResNet-18 as timm's feature extractor keeps it. */
export async function backboneState(): Promise<Map<string, Tensor>> {
  const state = new Map<string, Tensor>();
  for (const [name, shape] of resnetWeights.shapes) {
    const key = `model.feature_extractor.extractor.${name}`;
    state.set(key, { shape, data: await resnetWeights.read(name) });
    if (!name.endsWith("running_mean")) continue;
    state.set(key.replace("running_mean", "num_batches_tracked"), { shape: [], data: BigInt64Array.of(7n) });
  }
  return state;
}
