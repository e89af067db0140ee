/**
 * The native core's typed face: synchronous functions over typed arrays. Wrong arguments, wrong lengths, NaN and
 * impossible sizes end in a UflowError (ERR_UFLOW_BAD_OPTION or ERR_UFLOW_BAD_TENSOR) and nothing else.
 */
import { UflowError, type UflowErrorCode } from "../error.js";
import { loadAddon } from "./addon.js";
import { unpackRegions } from "./regions.js";
import type { Addon, Kernels } from "./types.js";

export type { Energy, Kernels, Latent, Map2d, RawImage, Region, Tail, Tests } from "./types.js";

const addon = loadAddon();

/** The addon throws plain errors that carry our code; here they join the family. */
function kernel<Name extends keyof Kernels>(name: Name): Addon[Name] {
  const native = addon[name] as (...args: unknown[]) => unknown;
  const checked = (...args: unknown[]) => {
    try {
      return native(...args);
    } catch (error) {
      // What a getter of the caller throws may be anything, null too.
      const { code, message } = Object(error) as { code?: unknown; message: string };
      if (typeof code !== "string" || !code.startsWith("ERR_UFLOW_")) throw error;
      throw new UflowError(code as UflowErrorCode, `${name}: ${message}`, { cause: error });
    }
  };
  return checked as Addon[Name];
}

export const resample = kernel("resample");
export const energy = kernel("energy");
export const anomalyMap = kernel("anomalyMap");
export const logChi2Survival = kernel("logChi2Survival");
export const logNumberOfRegions = kernel("logNumberOfRegions");
export const nfaTree = kernel("nfaTree");
export const nfaTreeMap = kernel("nfaTreeMap");

const packedRegions = kernel("regions");
export const regions: Kernels["regions"] = (...args) => unpackRegions(packedRegions(...args));
