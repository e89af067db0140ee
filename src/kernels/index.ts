/**
 * The native core's typed face: synchronous functions over typed arrays. Wrong arguments, wrong lengths, NaN and
 * impossible sizes end in a UflowError (ERR_UFLOW_BAD_OPTION or ERR_UFLOW_BAD_TENSOR) and nothing else.
 */
import { loadAddon } from "./addon.js";
import { checked } from "./checked.js";
import { unpackRegions } from "./regions.js";
import type {
  Addon,
  Energy,
  ExceedanceCounts,
  Kernels,
  PackedRegions,
  RawImage,
  ResampleOptions,
  Segmentation,
  SegmentOptions,
  SegmentWindowsOptions,
} from "./types.js";

export type {
  Background,
  BinomialKind,
  Energy,
  ExceedanceCounts,
  Kernels,
  Latent,
  Map2d,
  PixelFormat,
  RawFrame,
  RawImage,
  Region,
  ResampleOptions,
  Segmentation,
  SegmentationMemory,
  SegmentOptions,
  SegmentWindowsOptions,
  Tail,
  Tests,
  WindowTestOptions,
} from "./types.js";

const addon = loadAddon();

export const imageOfFrame: Kernels["imageOfFrame"] = checked("imageOfFrame", addon.imageOfFrame);
export const resample: Kernels["resample"] = checked("resample", addon.resample);
export const energy: Kernels["energy"] = checked("energy", addon.energy);
export const jointEnergy: Kernels["jointEnergy"] = checked("jointEnergy", addon.jointEnergy);
export const anomalyMap: Kernels["anomalyMap"] = checked("anomalyMap", addon.anomalyMap);
export const logChi2Survival: Kernels["logChi2Survival"] = checked("logChi2Survival", addon.logChi2Survival);
export const logNumberOfRegions: Kernels["logNumberOfRegions"] = checked(
  "logNumberOfRegions",
  addon.logNumberOfRegions,
);
export const nfaTree: Kernels["nfaTree"] = checked("nfaTree", addon.nfaTree);
export const nfaTreeMap: Kernels["nfaTreeMap"] = checked("nfaTreeMap", addon.nfaTreeMap);
export const logBinomialSurvival: Kernels["logBinomialSurvival"] = checked(
  "logBinomialSurvival",
  addon.logBinomialSurvival,
);
export const nfaBlockMap: Kernels["nfaBlockMap"] = checked("nfaBlockMap", addon.nfaBlockMap);
export const nfaBlockMapOfCounts: Kernels["nfaBlockMapOfCounts"] = checked(
  "nfaBlockMapOfCounts",
  addon.nfaBlockMapOfCounts,
);
export const windowThreshold: Kernels["windowThreshold"] = checked("windowThreshold", addon.windowThreshold);

const packedRegions: Addon["regions"] = checked("regions", addon.regions);
export const regions: Kernels["regions"] = (...args) => unpackRegions(packedRegions(...args));

/** `resample` of many images, in memory that is kept from one to the next. Synchronous. */
export class Resampler {
  private readonly native = new addon.Resampler();

  /** @throws UflowError ERR_UFLOW_BAD_OPTION or ERR_UFLOW_BAD_TENSOR. */
  resample(image: RawImage, to: ResampleOptions): Float32Array {
    return checked("resample", () => this.native.resample(image, to))();
  }
}

/**
 * Phases 3 and 4 of many images, one after the other: anomalyMap, nfaTreeMap and regions in one call, in memory that is
 * kept from one image to the next. Synchronous; results own their memory, but for maps whose memory was given (`into`).
 */
export class Segmenter {
  private readonly native = new addon.Segmenter();

  /** Tests regions. @throws UflowError ERR_UFLOW_BAD_OPTION or ERR_UFLOW_BAD_TENSOR. */
  segment(energies: readonly Energy[], to: SegmentOptions): Segmentation {
    return unpacked(checked("segment", () => this.native.segment(energies, to))());
  }

  /**
   * Tests windows: `nfaBlockMapOfCounts` instead of `nfaTreeMap`.
   * @param counts by `windowThreshold(to.probability)`
   * @throws UflowError ERR_UFLOW_BAD_OPTION or ERR_UFLOW_BAD_TENSOR.
   */
  segmentWindows(
    energies: readonly Energy[],
    counts: readonly ExceedanceCounts[],
    to: SegmentWindowsOptions,
  ): Segmentation {
    return unpacked(checked("segmentWindows", () => this.native.segmentWindows(energies, counts, to))());
  }
}

function unpacked({ regions, ...maps }: Segmentation<PackedRegions>): Segmentation {
  return { ...maps, regions: unpackRegions(regions) };
}
