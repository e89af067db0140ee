/** What the promise "at most ε false alarms per image" looks like on images known to be good. */
export interface FalseAlarms {
  /** Mean number of detected regions on a good image: to be compared with ε. Null when there are no good images. */
  perGoodImage: number | null;
  /** Good images on which anything is detected. */
  goodImagesWithDetection: number;
}

/** @param regions number of detected regions on each good image */
export function falseAlarms(regions: readonly number[]): FalseAlarms {
  const total = regions.reduce((sum, count) => sum + count, 0);
  return {
    perGoodImage: regions.length === 0 ? null : total / regions.length,
    goodImagesWithDetection: regions.filter((count) => count > 0).length,
  };
}
