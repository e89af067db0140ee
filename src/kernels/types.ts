/**
 * The typed contract of the native core: one declaration per native function, in the words, the argument order and
 * the units of its C++ header (`native/kernels`). All tensors are planar, row-major float32.
 */

/** Pixels as they come from a camera or a decoder: 8 bits, rows from the top, channels interleaved. */
export interface RawImage {
  data: Uint8Array;
  width: number;
  height: number;
  /** 1 grey, 3 RGB, 4 RGBA (alpha is ignored). */
  channels: 1 | 3 | 4;
}

/** The values of a Bayer mosaic are named after its first two pixels, in the first row. */
type Pattern = "Mono" | "BayerRG" | "BayerGR" | "BayerGB" | "BayerBG";

/**
 * Bits of a value, and how they lie in memory: 8 in a byte; 10, 12 and 16 in two bytes, the low one first, unused bits 0;
 * 10p and 12p without gaps, lowest bits first; 12Packed two values in three bytes, of which the middle one has the low bits
 * of both.
 */
type Packing = "8" | "10" | "12" | "16" | "10p" | "12p" | "12Packed";

/** As cameras name it: the Pixel Format Naming Convention (PFNC) of GenICam; 12Packed is GigE Vision's. */
export type PixelFormat = `${Pattern}${Packing}` | "RGB8" | "BGR8" | "RGBa8" | "BGRa8";

/** A frame as a camera sends it, rows from the top. */
export interface RawFrame {
  /** From (height − 1) · stride + bytes of a row to height · stride bytes. A Uint16Array for 10, 12 and 16 bits only. */
  data: Uint8Array | Uint16Array;
  /** Of a mosaic at least 2, as the height. */
  width: number;
  height: number;
  format: PixelFormat;
  /** Bytes from the beginning of a row to that of the next. Default: those of a row, which must then end with a byte. */
  stride?: number | undefined;
}

/** What a picture is resized to, and how it is normalised. */
export interface ResampleOptions {
  width: number;
  height: number;
  /** Per channel, of values 0 … 1; subtracted. Default: 0. */
  mean?: readonly number[];
  /** Per channel; divided by. Default: 1. */
  std?: readonly number[];
  /**
   * Memory for the result, which is then this: 3 · height · width numbers, none of them the image's. Default: new memory,
   * which must be cleared first.
   */
  into?: Float32Array | undefined;
}

/** The latent z of one image at one scale: [channels, height, width]. */
export interface Latent {
  data: Float32Array;
  channels: number;
  height: number;
  width: number;
}

/** How energies are distributed by chance: energy/scale is χ² with `dof` degrees of freedom, in patches of `area`. */
export interface Background {
  /** 1e-30 … 1e30. */
  scale: number;
  /** 0.001 … 1e9, real. */
  dof: number;
  /** Correlation area, 1 … 1e9: so many pixels of the energy tell as much as one that stands alone. */
  area: number;
}

/**
 * Σ z² over the channels, per pixel: [height, width], all ≥ 0; `channels` says how many were summed. Its background is
 * by default that of an ideal latent: scale 1, dof = channels, area 1 (which matters to the tests by-size only).
 */
export interface Energy extends Partial<Background> {
  data: Float32Array;
  channels: number;
  height: number;
  width: number;
}

/** One number per pixel: [height, width]. */
export interface Map2d {
  data: Float32Array;
  height: number;
  width: number;
}

/**
 * A connected set of detected pixels. Positions of pixels are those of their centres: the first pixel is at (0, 0).
 * Polygons count from the upper left corner of the first pixel instead, so that its centre is at (0.5, 0.5). They are
 * closed (the first point is not repeated) and run between pixels where the linearly interpolated log NFA equals log ε:
 * up to half a pixel of the map off the pixels' edges. docs/maths.md, "The a contrario test".
 */
export interface Region {
  /** log₁₀ NFA of the most significant pixel. */
  logNfa: number;
  /** Pixels. */
  area: number;
  /** Smallest box of whole pixels. */
  box: { x: number; y: number; width: number; height: number };
  /** Mean position of the pixels. */
  centroid: { x: number; y: number };
  /** The pixel of the highest score, or of the smallest log NFA (score = −logNfa) where no score was given. */
  peak: { x: number; y: number; score: number };
  /** The outer boundary, clockwise on screen. The centres inside of it and outside of the holes are the region's. */
  contour: [x: number, y: number][];
  /** The boundaries of what the region encloses without containing it, anticlockwise on screen. Mostly none. */
  holes: [x: number, y: number][][];
}

/** Regions as the addon hands them over, since making objects is slow there. */
export interface PackedRegions {
  /**
   * Twelve per region: logNfa, area, box.x, box.y, box.width, box.height, centroid.x, centroid.y, peak.x, peak.y,
   * peak.score, number of polygons.
   */
  numbers: Float64Array;
  /** Two per polygon: number of its first point, number of points. Those of one region follow each other, contour first. */
  polygons: Uint32Array;
  /** Two per point: x, y. */
  points: Float64Array;
}

/** How likely an energy is by chance: the χ² tail itself, or the reference's Chernoff formula. */
export type Tail = "exact" | "chernoff";

/** How the number of tests in NFA = tests × probability is counted. */
export type Tests = "all" | "per-scale" | "by-size";

/** A sum of the binomial distribution's terms, or the integral of its density with Γ in place of factorials. */
export type BinomialKind = "discrete" | "continuous";

export interface RegionsOptions {
  /** Regions where log NFA is below it are detected; default: 0. */
  logEpsilon?: number;
  /** Which pixels are neighbours; default: 4, as in the tree. */
  connectivity?: 4 | 8;
  /** Decides the peaks; of the same size as the map of log NFA. */
  score?: Map2d;
}

/** Memory for the maps of a segmentation, height · width elements each: none of it the energies' or another map's. */
export interface SegmentationMemory {
  anomalyMap?: Float32Array | undefined;
  logNfaMap?: Float32Array | undefined;
  mask?: Uint8Array | undefined;
}

export interface JointEnergyOptions {
  /** Averages over squares of this side, pixels of the finest scale, as far as they are on the map: odd, 1 … 255. Default: 1. */
  side?: number;
  /**
   * The soft minimum of the scales instead of their minimum: their power mean of order −2, at most √scales times as much. Where
   * scales agree it says more; what the minimum promises by chance it does not. Default: false.
   */
  soft?: boolean;
}

/** The joint energy that is tested, and how it is distributed by chance. */
export interface JointBackground extends Partial<Background> {
  /** As for `jointEnergy`. Default: false. */
  soft?: boolean | undefined;
  /**
   * Of its means over squares. With them regions are those of the averaged energy, and the NFA of one is the larger of its own
   * and of the least of single pixels in it.
   */
  mean?: (Partial<Background> & { side: number }) | undefined;
}

/** Where a segmentation goes, and what is detected. */
interface SegmentationTarget extends Omit<RegionsOptions, "score"> {
  width: number;
  height: number;
  /** The maps are then these. Default: new memory, which must be cleared first. */
  into?: SegmentationMemory | undefined;
}

/** Size of the maps, and what is tested and detected. */
export interface SegmentOptions extends SegmentationTarget {
  /** Default: exact. */
  tail?: Tail;
  /** Default: all. */
  tests?: Tests;
  /** Tests `jointEnergy(energies)` instead of each scale, on this background; what is left out is as it is there. */
  joint?: JointBackground;
}

/** The same for the test of windows. */
export interface SegmentWindowsOptions extends WindowTestOptions, SegmentationTarget {}

/** What phases 3 and 4 make of one image. */
export interface Segmentation<Regions = Region[]> {
  anomalyMap: Map2d;
  /** The largest of the anomaly map, 0 … 1. */
  anomalyScore: number;
  /** log₁₀ of the number of false alarms at every pixel. */
  logNfaMap: Map2d;
  /** The smallest log₁₀ NFA: of the most significant region, or of the best candidate. */
  logNfa: number;
  /** 1 where log NFA < logEpsilon, else 0. */
  mask: Uint8Array;
  /** Most significant first, with peaks by the anomaly map, in pixels of the maps. */
  regions: Regions;
}

/** Size of the map, and what is tested by windows. */
export interface WindowTestOptions {
  width: number;
  height: number;
  /** Side of the windows in pixels of the finest scale, 1 … 63, whole; default: 5. Coarser scales have half as many each. */
  windowSize?: number;
  /** Of a z² that is not counted, 1e-6 … 1 − 1e-6; default: 0.9. */
  probability?: number;
  /** Default: discrete. */
  kind?: BinomialKind;
}

/** How many of the channels' z² are counted, per pixel: [height, width], whole numbers 0 … channels. */
export interface ExceedanceCounts {
  data: Float32Array;
  channels: number;
  height: number;
  width: number;
}

export interface Kernels {
  /**
   * Grey, or interleaved RGB: of each value the upper 8 bits. The colours that a pixel of a mosaic lacks are means of those
   * of its 8 neighbours that have them, rounded, before that; edges are mirrored. Alpha is left out. A value with more bits
   * than its format is refused. docs/maths.md, "The input".
   */
  imageOfFrame(frame: RawFrame): RawImage;
  /**
   * Resizes with an antialiased triangle filter (Pillow's, bit for bit), then (value/255 − mean)/std. Planar RGB
   * [3, to.height, to.width]; grey is repeated. docs/maths.md, "The input".
   */
  resample(image: RawImage, to: ResampleOptions): Float32Array;
  /** Σ z² over the channels. */
  energy(latent: Latent): Energy;
  /**
   * min (or soft minimum) over scales of the upsampled −2·ln P(χ²_dof ≥ energy/scale), at the size of the first energy, with the background
   * of the case that nothing is known: scale 1, dof 2, area = pixels of the first per pixel of the smallest.
   * docs/maths.md, "The joint energy".
   */
  jointEnergy(energies: readonly Energy[], options?: JointEnergyOptions): Required<Energy>;
  /** 1 − mean over scales of the bilinearly upsampled likelihood exp(−energy / (2 channels)); 0 … 1. */
  anomalyMap(energies: readonly Energy[], to: { width: number; height: number }): Map2d;
  /** log₁₀ P(χ²_dof ≥ x), x ≥ 0, dof from 0.001 to 1e9 (real). Default tail: exact, to 1e-12 for dof ≥ 1. */
  logChi2Survival(x: number, dof: number, tail?: Tail): number;
  /** log₁₀ of the number of tests of the region NFA over scales with these numbers of pixels. */
  logNumberOfRegions(pixels: readonly number[]): number;
  /** log₁₀ probability of the final cluster of each pixel; NaN outside. Default tail: exact. */
  nfaTree(energy: Energy, options?: { tail?: Tail }): Map2d;
  /**
   * log₁₀ NFA per pixel. Default tail: exact. Default tests: all, one number of tests for all scales; per-scale: each
   * scale with its own; by-size: each size of region on each scale with its own, in cells of the energies' areas, for level
   * sets that are rare. docs/maths.md, "The a contrario test".
   */
  nfaTreeMap(
    energies: readonly Energy[],
    to: { width: number; height: number; tail?: Tail; tests?: Tests },
  ): Map2d;
  /**
   * log₁₀ of the binomial tail for real x, whole n from 1 to 1e6, p from 1e-300 to below 1. discrete (the default):
   * P(K > x), which is certain for x < 0. continuous: ∫ₓⁿ of the density, where x < 0 counts as 0. −Infinity for x ≥ n.
   */
  logBinomialSurvival(x: number, n: number, p: number, kind?: BinomialKind): number;
  /**
   * log₁₀ NFA per pixel by windows: in each, the numbers z² at or above the χ²₁ quantile of `probability` are counted.
   * `latents` finest first. docs/maths.md, "The test of windows".
   */
  nfaBlockMap(latents: readonly Latent[], to: WindowTestOptions): Map2d;
  /** The same where a network has done the counting, with `windowThreshold(to.probability)`. */
  nfaBlockMapOfCounts(counts: readonly ExceedanceCounts[], to: WindowTestOptions): Map2d;
  /** The smallest z² that is counted: the χ²₁ quantile of the probability (default 0.9), in single precision. */
  windowThreshold(probability?: number): number;
  /** Connected regions where log NFA < logEpsilon, most significant first. */
  regions(logNfa: Map2d, options?: RegionsOptions): Region[];
}

/** What Adam keeps, one number per parameter in each. */
export interface AdamVectors {
  readonly values: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

export interface AdamOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** What the gradient is multiplied by before weight decay is added. */
  gradientScale: number;
  weightDecay: number;
  /** rate/(1 − β₁ᵗ) at step t. */
  stepSize: number;
  /** 1/√(1 − β₂ᵗ). */
  inverseCorrection: number;
  /** How many to use at most; results are the same bits with any number. */
  threads: number;
}

/** Parts of a gradient, whose sum it is; each in pieces, which follow each other in the flat vectors. */
export type GradientShares = readonly (readonly Float32Array[])[];

/** What only training needs. */
export interface TrainingKernels {
  /** The Euclidean norm of the sum of the shares, summed in double precision. */
  gradientNorm(gradients: GradientShares, threads: number): number;
  /**
   * One step of Adam, in one pass over memory: reads `before`, writes `after`, which may be the same, and the new values
   * into `copies` too. The gradients' memory is given back: their buffers are detached.
   * docs/maths.md, "Training".
   */
  adamStep(
    gradients: GradientShares,
    options: AdamOptions,
    before: AdamVectors,
    after: AdamVectors,
    copies?: readonly Float32Array[],
  ): void;
}

/** What becomes of memory that the process has freed. With glibc only. */
export interface FreedMemory {
  /**
   * Whether memory that is freed stays in the process until this is taken back, as often as it was asked for. It saves a
   * work that takes and frees the same blocks again and again from getting each page from the system anew.
   */
  keepFreedMemory(keep: boolean): void;
  /**
   * Gives the system what lies free, unless it is to be kept. Each thread has memory of its own in glibc, and what one leaves
   * behind when it ends, others hardly use. Meanwhile other threads may have to wait where they take memory; settled when it is done.
   */
  releaseFreedMemory(): Promise<void>;
}

/** What the native addon holds. */
export interface Addon extends Omit<Kernels, "regions">, TrainingKernels, FreedMemory {
  regions(logNfa: Map2d, options?: RegionsOptions): PackedRegions;
  Resampler: new () => Pick<Kernels, "resample">;
  Segmenter: new () => {
    segment(energies: readonly Energy[], to: SegmentOptions): Segmentation<PackedRegions>;
    segmentWindows(
      energies: readonly Energy[],
      counts: readonly ExceedanceCounts[],
      to: SegmentWindowsOptions,
    ): Segmentation<PackedRegions>;
  };
  /** The vector instructions in use: the best that the processor has, or what UFLOW_INSTRUCTION_SET says. */
  instructionSet: "baseline" | "avx2" | "avx512";
  /** The specifications of the kernels, slow and simple, to hold the fast ones against. */
  plain: Pick<
    Kernels & TrainingKernels,
    | "imageOfFrame"
    | "resample"
    | "energy"
    | "jointEnergy"
    | "anomalyMap"
    | "nfaTreeMap"
    | "nfaBlockMap"
    | "adamStep"
  >;
}
