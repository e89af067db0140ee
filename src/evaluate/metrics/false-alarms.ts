import { binomialInterval, type Interval, poissonInterval } from "./intervals.js";

/** The promises that are looked at whatever the operating point is: expected false alarms per image. */
export const watchedEpsilons: readonly number[] = [0.01, 0.1, 1, 10];

/** What the promise "at most ε false alarms per image" looks like on images known to be good. */
export interface FalseAlarms {
  /** Mean number of detected regions on a good image: to be compared with ε. Null when there are no good images. */
  perGoodImage: number | null;
  /** Exact 95 % interval of that mean (Poisson). Regions of one image that come together make it too narrow. */
  perGoodImageInterval: Interval | null;
  /** Good images on which anything is detected. */
  goodImagesWithDetection: number;
  /** Exact 95 % interval of the share of such images (binomial); holds for independent images. */
  imageShareInterval: Interval | null;
  /** The same at other ε, counted in the maps of log NFA. Empty without good images. */
  atEpsilon: FalseAlarmRate[];
}

export interface FalseAlarmRate extends Omit<FalseAlarms, "atEpsilon"> {
  /** Promised: at most so many false alarms per image. */
  epsilon: number;
}

/**
 * @param regions number of detected regions on each good image
 * @param atWatched for each good image the same at each of `watchedEpsilons`
 */
export function falseAlarms(
  regions: readonly number[],
  atWatched: readonly (readonly number[])[] = [],
): FalseAlarms {
  const watched = atWatched.length === 0 ? [] : watchedEpsilons;
  const atEpsilon = watched.map((epsilon, i) => ({
    epsilon,
    ...rate(atWatched.map((counts) => counts[i]!)),
  }));
  return { ...rate(regions), atEpsilon };
}

function rate(counts: readonly number[]) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = counts.filter((count) => count > 0).length;
  return {
    perGoodImage: counts.length === 0 ? null : total / counts.length,
    perGoodImageInterval: poissonInterval(total, counts.length),
    goodImagesWithDetection: images,
    imageShareInterval: binomialInterval(images, counts.length),
  };
}
