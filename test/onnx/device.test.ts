import { describe, expect, it } from "vitest";
import { type Device, devicesToTry, executionProvider } from "#uflow/onnx/device.js";
import { deviceSchema } from "#uflow/onnx/device-schema.js";
import { Graph } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";

const network = (() => {
  const g = new Graph();
  g.output("y", op.relu(g, g.input("x", [1])));
  return serialize(g);
})();

const open = (device: Device, model = network) => Session.create(model, { device, threads: 1 });

describe("the name of a device", () => {
  it.each(["auto", "cpu", "cuda", "cuda:0", "cuda:1", "cuda:15"])("may be %s", (name) => {
    expect(deviceSchema.parse(name)).toBe(name);
  });

  it.each([
    "gpu",
    "cuda:",
    "cuda:-1",
    "cuda:01",
    "cuda:1.5",
    "cuda:100",
    "cpu:1",
    "CUDA",
    " cpu",
    "",
    1,
    null,
  ])("cannot be %s", (name) => {
    expect(deviceSchema.safeParse(name).success).toBe(false);
  });

  it("says what is tried, and what ONNX Runtime is asked for", () => {
    expect(devicesToTry("auto")).toEqual(["cuda", "cpu"]);
    expect(devicesToTry("cuda:1")).toEqual(["cuda:1"]);
    expect(executionProvider("cpu")).toBe("cpu");
    expect(executionProvider("cuda")).toEqual({ name: "cuda", deviceId: 0 });
    expect(executionProvider("cuda:3")).toEqual({ name: "cuda", deviceId: 3 });
  });
});

describe("a session", () => {
  it("says what it took", async () => {
    const session = await open("cpu");
    expect(session).toMatchObject({ device: "cpu", tried: [{ device: "cpu", taken: true }] });
    await session.close();
  });

  it("takes the CPU where it may and there is no CUDA, and says why", async (context) => {
    const session = await open("auto");
    const { device, tried } = session;
    await session.close();
    if (device !== "cpu") return context.skip("CUDA is available here");
    expect(tried).toEqual([
      { device: "cuda", taken: false, reason: expect.stringMatching(/\w/) },
      { device: "cpu", taken: true },
    ]);
  });

  it("on a GPU that is not there says what to do", async () => {
    await expect(open("cuda:99")).rejects.toMatchObject({
      code: "ERR_UFLOW_DEVICE",
      message: expect.stringMatching(/"cuda:99" is not available: .*Use device "auto" or "cpu"/s),
    });
  });

  it("of what is no network blames the network, whatever was tried before", async () => {
    await expect(open("auto", new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: "ERR_UFLOW_NETWORK",
    });
  });
});
