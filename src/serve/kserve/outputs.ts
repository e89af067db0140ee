import type { Inspection } from "../../inspect/inspection.js";
import { Refusal } from "../refusal.js";
import {
  type InferAnswer,
  type InferRequest,
  type OutputName,
  type OutputTensor,
  outputNames,
} from "./schemas.js";

type Numbers = Float32Array | Float64Array | Uint8Array;

interface Output {
  datatype: OutputTensor["datatype"];
  /** Of the values of one image. */
  shape: (inspection: Inspection) => number[];
  values: (inspections: readonly Inspection[]) => Numbers;
}

const scalar = () => [];

const outputs: Record<OutputName, Output> = {
  anomaly_score: {
    datatype: "FP32",
    shape: scalar,
    values: (all) => Float32Array.from(all, ({ anomalyScore }) => anomalyScore),
  },
  log_nfa: {
    datatype: "FP64",
    shape: scalar,
    values: (all) => Float64Array.from(all, ({ logNfa }) => logNfa),
  },
  anomalous: {
    datatype: "BOOL",
    shape: scalar,
    values: (all) => Uint8Array.from(all, ({ anomalous }) => Number(anomalous)),
  },
  anomaly_map: map("FP32", "anomalyMap"),
  log_nfa_map: map("FP32", "logNfaMap"),
  mask: map("UINT8", "mask"),
};

function map(datatype: Output["datatype"], name: "anomalyMap" | "logNfaMap" | "mask"): Output {
  return {
    datatype,
    shape: (inspection) => [inspection[name].height, inspection[name].width],
    values: (all) => {
      checkSameSize(all.map((inspection) => inspection[name]));
      return joined(all.map((inspection) => inspection[name].data));
    },
  };
}

/** A tensor has one shape. In tiles, the maps of larger images are larger. @throws Refusal 400. */
function checkSameSize(maps: readonly { width: number; height: number }[]): void {
  const { width, height } = maps[0]!;
  const other = maps.find((map) => map.width !== width || map.height !== height);
  if (!other) return;
  throw new Refusal(
    400,
    `The images have maps of different sizes, ${width} × ${height} and ${other.width} × ${other.height}, which make no tensor: send images of one size together, or ask for outputs without maps`,
  );
}

function joined(maps: readonly (Float32Array | Uint8Array)[]): Numbers {
  const first = maps[0]!;
  const all =
    first instanceof Float32Array
      ? new Float32Array(maps.length * first.length)
      : new Uint8Array(maps.length * first.length);
  for (const [i, values] of maps.entries()) all.set(values, i * first.length);
  return all;
}

/**
 * What is said of outputs before any image is seen.
 * @param mapSide pixels; −1 where it depends on the image
 */
export function describeOutputs(mapSide: number): { name: string; datatype: string; shape: number[] }[] {
  return outputNames.map((name) => {
    const { datatype, shape } = outputs[name];
    return { name, datatype, shape: [-1, ...(shape === scalar ? [] : [mapSide, mapSide])] };
  });
}

/** Numbers of an answer as JSON, of twenty characters or so each. */
const mostAsJson = 4_000_000;

/** A tensor of an answer; `values` are to be written as its data. */
type ReplyTensor = Omit<OutputTensor, "data"> & { values?: Numbers };

/** An answer before it is JSON. */
export type InferReply = Omit<InferAnswer, "outputs"> & { outputs: ReplyTensor[] };

/**
 * The tensors that are wished for, and the binary data of those that are wished for in binary.
 * @throws Refusal 413 where more is to be written as JSON than the service can afford.
 */
export function outputTensors(
  { outputs: wishes, parameters }: Pick<InferRequest, "outputs" | "parameters">,
  inspections: readonly Inspection[],
): { tensors: ReplyTensor[]; binary: Buffer[] } {
  const binary: Buffer[] = [];
  let asJson = 0;
  const tensors = (wishes ?? outputNames.map((name) => ({ name, parameters: undefined }))).map((wish) => {
    const { datatype, shape, values } = outputs[wish.name];
    const numbers = values(inspections);
    const tensor = { name: wish.name, datatype, shape: [inspections.length, ...shape(inspections[0]!)] };
    if (!(wish.parameters?.binary_data ?? parameters?.binary_data_output ?? false)) {
      asJson += numbers.length;
      if (asJson > mostAsJson) throw tooLong();
      return { ...tensor, values: numbers };
    }
    binary.push(Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    return { ...tensor, parameters: { binary_data_size: numbers.byteLength } };
  });
  return { tensors, binary };
}

const tooLong = () =>
  new Refusal(
    413,
    `The outputs are more than ${mostAsJson} numbers as JSON; ask for them in binary (binary_data), for fewer of them, or of fewer images`,
  );

/** How many numbers of an answer are to be written as JSON. */
export function numbersAsJson({ outputs }: InferReply): number {
  return outputs.reduce((sum, { values }) => sum + (values?.length ?? 0), 0);
}

/** The text of an answer. */
export function jsonOf({ outputs, ...reply }: InferReply): Uint8Array {
  const answer: InferAnswer = {
    ...reply,
    outputs: outputs.map(({ values, ...tensor }) => ({
      ...tensor,
      ...(values && { data: jsonValues(tensor.datatype, values) }),
    })),
  };
  return new TextEncoder().encode(JSON.stringify(answer));
}

/** JSON has no infinity. */
function jsonValues(datatype: Output["datatype"], numbers: Numbers): (number | boolean)[] {
  if (datatype === "BOOL") return Array.from(numbers, Boolean);
  return Array.from(numbers, (value) => Math.max(value, -Number.MAX_VALUE));
}
