import { describe, expect, it } from "vitest";
import { resnet18, resnetNetwork, resnetWeights, wideResnet50 } from "#uflow/backbone/resnet.js";
import { Session } from "#uflow/onnx/session.js";
import { expectClose } from "../closeness.js";
import { loadGolden } from "../fixtures/golden.js";
import { goldenWeights, withTensor } from "./test-weights.js";

const cpu = { device: "cpu", threads: 1 } as const;
const golden = (name: string) => loadGolden(`backbone/backbone_${name}`);

async function featuresOf(network: Uint8Array, data: Float32Array, dims: readonly number[]) {
  const session = await Session.create(network, cpu);
  const outputs = await session.run({ image: { data, dims } });
  await session.close();
  return [0, 1, 2].map((scale) => outputs[`feature_${scale}`]!);
}

describe.each([resnet18, wideResnet50])("$name", (architecture) => {
  const { meta, tensor } = golden(architecture.name);
  const weights = goldenWeights(meta.tensors);
  const image = tensor("image");

  it("yields the features of the reference, also for several images at once", async () => {
    const network = await resnetNetwork(architecture, 64, weights);
    const single = image.data as Float32Array;
    const turned = single.toReversed();
    const pair = Float32Array.of(...turned, ...single);
    const features = await featuresOf(network, pair, [2, 3, 64, 64]);
    features.forEach(({ data, dims }, scale) => {
      const wanted = tensor(`feature/${scale}`);
      expect(dims).toEqual([2, ...wanted.shape.slice(1)]);
      expectClose(data.subarray(data.length / 2), wanted.data, 1e-5);
    });
  });

  it("wants exactly the tensors of the reference", () => {
    const wanted = resnetWeights(architecture).shapes;
    expect([...wanted].sort()).toEqual([...weights.shapes].sort());
  });
});

describe("weights that are wrong", () => {
  const weights = goldenWeights(golden("resnet18").meta.tensors);

  it("are refused by the tensor's name when a variance is negative", async () => {
    const negative = withTensor(weights, "layer2.0.bn1.running_var", (data) => {
      data[5] = -0.25;
    });
    await expect(resnetNetwork(resnet18, 64, negative)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(/layer2\.0\.bn1\.running_var.*-0\.25 at position 5/),
    });
  });

  it("are refused when they are those of another ResNet", async () => {
    const wide = goldenWeights(golden("wide_resnet50_2").meta.tensors);
    await expect(resnetNetwork(resnet18, 64, wide)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(
        /"resnet18".*unknown: layer1\.0\.conv3\.weight, .*, ….*layer1\.0\.conv1\.weight is \[128,64,1,1\] instead of \[64,64,3,3\]/,
      ),
    });
    await expect(resnetNetwork(wideResnet50, 64, weights)).rejects.toMatchObject({
      message: expect.stringMatching(/"wide_resnet50_2".*missing: layer1\.0\.conv3\.weight/),
    });
  });
});
