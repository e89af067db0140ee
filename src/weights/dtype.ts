import { bfloat, half } from "./float16.js";

/** Types of the numbers in weight files. All are little-endian. */
export type DType = keyof typeof dtypes;

/** How the numbers of a type are read. */
export interface NumberFormat {
  /** Bytes per number. */
  size: number;
  floating: boolean;
  /** The number at byte `at`; whole numbers beyond 2^53 are rounded. */
  get(view: DataView, at: number): number;
}

const floating = (size: number, get: NumberFormat["get"]): NumberFormat => ({ size, floating: true, get });
const whole = (size: number, get: NumberFormat["get"]): NumberFormat => ({ size, floating: false, get });

const dtypes = {
  float64: floating(8, (view, at) => view.getFloat64(at, true)),
  float32: floating(4, (view, at) => view.getFloat32(at, true)),
  float16: floating(2, (view, at) => half(view.getUint16(at, true))),
  bfloat16: floating(2, (view, at) => bfloat(view.getUint16(at, true))),
  int64: whole(8, (view, at) => Number(view.getBigInt64(at, true))),
  int32: whole(4, (view, at) => view.getInt32(at, true)),
  int16: whole(2, (view, at) => view.getInt16(at, true)),
  int8: whole(1, (view, at) => view.getInt8(at)),
  uint64: whole(8, (view, at) => Number(view.getBigUint64(at, true))),
  uint32: whole(4, (view, at) => view.getUint32(at, true)),
  uint16: whole(2, (view, at) => view.getUint16(at, true)),
  uint8: whole(1, (view, at) => view.getUint8(at)),
  bool: whole(1, (view, at) => view.getUint8(at)),
} satisfies Record<string, NumberFormat>;

export function numberFormat(dtype: DType): NumberFormat {
  return dtypes[dtype];
}
