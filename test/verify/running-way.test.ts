import { expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { isUnavailable } from "#uflow/verify/run.js";
import { RunningWay } from "#uflow/verify/running-way.js";
import { reference, type Way } from "#uflow/verify/ways.js";
import { tinyModel } from "../fixtures/tiny-model.js";

/** A model that holds its weights. */
const whole = {};
const black = { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 as const };

it("a process that dies is an error, not a hang", async () => {
  await using tiny = await tinyModel();
  const killer = new AbortController();
  const [running, { instructionSet }] = await RunningWay.open(reference, tiny.model, killer.signal);
  expect(instructionSet).toBe("baseline");
  const underWay = running.inspect(black);
  killer.abort();
  await expect(underWay).rejects.toMatchObject({ code: "ERR_UFLOW_LANE" });
  await expect(running.inspect(black)).rejects.toMatchObject({ code: "ERR_UFLOW_LANE" });
  await running.close();
});

it("vector instructions that the processor lacks are unavailable, wrong options are a failure", async () => {
  const unknown = { ...reference, instructionSet: "mmx" } as unknown as Way;
  const error = await RunningWay.open(unknown, "none.uflow").catch((reason) => reason);
  expect(error.message).toContain("UFLOW_INSTRUCTION_SET");
  expect(isUnavailable(unknown, error, whole)).toBe(true);
  const { instructionSet: _, ...native } = reference;
  const wrong: Way = { ...native, options: { threads: -1 } };
  const other = await RunningWay.open(wrong, "none.uflow").catch((reason) => reason);
  expect(other.code).toBe("ERR_UFLOW_BAD_OPTION");
  expect(isUnavailable(wrong, other, whole)).toBe(false);
});

it("float16 is unavailable to a model with weights in a file, and a failure of any other", () => {
  const refused = new UflowError("ERR_UFLOW_NETWORK", "its weights are in another file");
  const filed = { weights: { file: "a.weights", bytes: 8, sources: [] } };
  const half: Way = { ...reference, precision: "float16" };
  expect(isUnavailable(half, refused, filed)).toBe(true);
  expect(isUnavailable(half, refused, whole)).toBe(false);
  expect(isUnavailable(reference, refused, filed)).toBe(false);
});
