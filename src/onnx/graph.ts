import { UflowError } from "../error.js";

export type ElementType = "float32" | "float16" | "int64";

/** A string is a symbolic dimension (the batch), known only when the graph runs. */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

/** A tensor that flows through a graph: an input, a constant or what a node yields. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** An attribute of a node; `{ float }` marks numbers that ONNX wants as floats though they may be whole. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface Node {
  readonly operator: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export type ConstantData = Float32Array | Uint16Array | BigInt64Array;

/** Where the float32 numbers of a constant stand in the model's weights file; see external-data.ts. */
export interface ExternalData {
  readonly offset: number;
  readonly bytes: number;
}

export interface Constant {
  readonly value: Value;
  readonly data: ConstantData | ExternalData;
}

/**
 * An ONNX graph under construction: nodes in the order in which they run. Operators are the functions of
 * operators.ts; they infer shapes here, so that a graph that can be built is a graph that ONNX Runtime accepts.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly constants = new Map<string, Constant>();
  readonly outputs: { name: string; value: Value }[] = [];
  private readonly names = new Set<string>();

  /** Adds an input of the graph. */
  input(name: string, shape: Shape, type: ElementType = "float32"): Value {
    const value = this.declare(name, type, shape);
    this.inputs.push(value);
    return value;
  }

  /** Adds a constant; it becomes an initialiser. `data.length` must be the product of `shape`. */
  constant(name: string, data: ConstantData, shape: readonly number[]): Value {
    if (data.length !== elementCount(shape)) {
      throw new UflowError(
        "ERR_UFLOW_BAD_TENSOR",
        `Expected ${elementCount(shape)} elements for constant "${name}" of shape [${shape}] but received ${data.length}`,
      );
    }
    const value = this.declare(this.fresh(name), typeOfData(data), shape);
    this.constants.set(value.name, { value, data });
    return value;
  }

  /** Adds a float32 constant whose numbers stand outside the model. `data.bytes` must be four per element. */
  external(name: string, data: ExternalData, shape: readonly number[]): Value {
    if (data.bytes !== 4 * elementCount(shape)) {
      throw new UflowError(
        "ERR_UFLOW_BAD_TENSOR",
        `Expected ${4 * elementCount(shape)} bytes for constant "${name}" of shape [${shape}] but received ${data.bytes}`,
      );
    }
    const value = this.declare(this.fresh(name), "float32", shape);
    this.constants.set(value.name, { value, data });
    return value;
  }

  /** A float32 scalar constant. */
  scalar(value: number): Value {
    return this.constant("scalar", Float32Array.of(value), []);
  }

  /** A constant list of int64, as ONNX wants axes, shapes and indices. */
  integers(values: Iterable<number>): Value {
    const data = BigInt64Array.from(Array.from(values, BigInt));
    return this.constant("integers", data, [data.length]);
  }

  /** Appends a node with one output of the given shape (and of the first input's type). */
  node(
    operator: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.nodeOfMany(operator, inputs, [shape], attributes)[0]!;
  }

  /** Appends a node with several outputs. */
  nodeOfMany(
    operator: string,
    inputs: readonly Value[],
    shapes: readonly Shape[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const outputs = shapes.map((shape) => this.declare(this.fresh(operator), inputs[0]!.type, shape));
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** Names a value as an output of the graph. */
  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  private declare(name: string, type: ElementType, shape: Shape): Value {
    if (this.names.has(name)) {
      throw new UflowError("ERR_UFLOW_BAD_OPTION", `The graph already has a value named "${name}"`);
    }
    this.names.add(name);
    return { name, type, shape };
  }

  private fresh(stem: string): string {
    if (!this.names.has(stem)) return stem;
    return `${stem}_${this.names.size}`;
  }
}

/** The number of elements of a static shape. */
export function elementCount(shape: Shape): number {
  return shape.reduce<number>((product, dimension) => product * known(dimension), 1);
}

/** The dimension as a number; refuses a symbolic one. */
export function known(dimension: Dimension | undefined): number {
  if (typeof dimension !== "number") {
    throw new UflowError("ERR_UFLOW_BAD_TENSOR", `Expected a known dimension but it is "${dimension}"`);
  }
  return dimension;
}

function typeOfData(data: ConstantData): ElementType {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Uint16Array ? "float16" : "int64";
}
