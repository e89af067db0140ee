import { UflowError } from "../../error.js";
import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";

/** @throws UflowError ERR_UFLOW_BAD_TENSOR unless there is one mask per map, of the same size. */
export function checkPairs(maps: readonly Map2d[], masks: readonly Mask[]): void {
  if (maps.length !== masks.length) {
    throw badTensor(`Expected one mask per map but received ${maps.length} maps and ${masks.length} masks`);
  }
  maps.forEach((map, i) => {
    checkPair(map, masks[i]!, `image ${i}`);
  });
}

/**
 * @throws UflowError ERR_UFLOW_BAD_TENSOR unless map and mask are such (doubles would be rounded in silence), have the same
 * size and hold as many values as it says.
 */
export function checkPair(map: Map2d | Mask, mask: Mask, name = "the image"): void {
  if (!isMap(map)) throw badTensor(`Expected a map of float32 for ${name} but received ${kindOf(map)}`);
  if (!isMask(mask)) throw badTensor(`Expected a mask of bytes for ${name} but received ${kindOf(mask)}`);
  const size = ({ width, height, data }: Map2d | Mask) => `${width} × ${height} (${data.length} values)`;
  const fits = map.width === mask.width && map.height === mask.height;
  const pixels = map.width * map.height;
  if (fits && map.data.length === pixels && mask.data.length === pixels) return;
  throw badTensor(
    `Expected map and mask of one size for ${name} but received a map of ${size(map)} and a mask of ${size(mask)}`,
  );
}

const isMap = (value: unknown) => Object(value).data instanceof Float32Array || isMask(value);

const isMask = (value: unknown) => Object(value).data instanceof Uint8Array;

function kindOf(value: unknown): string {
  const data: unknown = Object(value).data;
  return data === undefined ? `${value}` : `one of ${Object(data).constructor?.name}`;
}

/** A metric over numbers that are none would look valid: NaN ends it. */
export function notANumber(name: string): UflowError {
  return badTensor(`Expected numbers in ${name} but found NaN`);
}

export function badTensor(message: string): UflowError {
  return new UflowError("ERR_UFLOW_BAD_TENSOR", message);
}

/** Number of pixels in defects. */
export function countSet(mask: Uint8Array): number {
  let count = 0;
  for (const value of mask) if (value) count++;
  return count;
}
