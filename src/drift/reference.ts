import type { Calibration } from "../a-contrario/calibration.js";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { CheckedDriftOptions } from "./options.js";
import { leastImprobable, logBeyond } from "./precedence.js";
import type { Finding, Quartiles } from "./state.js";

/** The numbers of one part that are watched: its log NFA, then its mean energies, finest scale first. */
export type Numbers = readonly number[];

/** One of them, on the good images of the calibration. */
export interface Column {
  /** Its place in `Numbers`. */
  index: number;
  /** Smallest first. */
  values: Float64Array;
}

/** Whether too many parts of a window have more than `limit` of a number, or less. */
export interface Test extends Pick<Finding, "what" | "scale" | "side" | "limit" | "alarmFrom"> {
  index: number;
  watchFrom: number | null;
}

/** The weaker sign is so many times more probable by chance than the alarm. */
const watchFactor = 100;

/**
 * What parts are compared with. Those that were called good are compared with the images of the calibration that this
 * operating point calls good, so that defects which are found move nothing.
 */
export function columnsOf(
  calibration: Calibration,
  point: OperatingPoint,
  mapSize: number,
): { good: Column[]; all: Column[] } {
  const { logNfa, meanEnergies = [] } = calibration;
  const comparable = isJudgedAlike(calibration, point, mapSize);
  const rows = logNfa.map((value, image) => [value, ...(meanEnergies[image] ?? [])]);
  const all = columns(rows).filter(({ index }) => comparable || index > 0);
  // Who is good is not known of images that were judged by another test.
  const good = comparable ? columns(rows.filter(([value]) => value! > point.logEpsilon)) : [];
  return { good, all };
}

/** Log NFA of another test, or on other maps, is another number. */
function isJudgedAlike({ test }: Calibration, point: OperatingPoint, mapSize: number): boolean {
  const { nfa, background, tests, tail } = point;
  const calibrated = nfa === "tree" && background === "calibrated";
  return calibrated && tests === test.tests && tail === test.tail && mapSize === test.mapSize;
}

function columns(rows: readonly Numbers[]): Column[] {
  const [first = []] = rows;
  return first.map((_, index) => ({ index, values: Float64Array.from(rows, (row) => row[index]!).sort() }));
}

/**
 * The tests of a window. By chance each raises the alarm once in `oneFalseAlarmIn` parts times `tests`, so that all together
 * do once in `oneFalseAlarmIn`: an expectation, which adds up whatever the tests have to do with one another.
 * @param share of the window that may lie beyond for other reasons
 * @param tests of all windows
 */
export function testsOf(
  columns: readonly Column[],
  { window, oneFalseAlarmIn }: CheckedDriftOptions,
  share: number,
  tests: number,
): Test[] {
  const spared = Math.floor(share * window);
  const log = Math.log10(window / (oneFalseAlarmIn * tests));
  return columns.flatMap(({ index, values }) => {
    const rank = Math.ceil(values.length / 4);
    const tails = logBeyond(window - spared, values.length, rank);
    const from = (logProb: number) => {
      const count = leastImprobable(tails, logProb);
      return count === null ? null : spared + count;
    };
    const name =
      index === 0 ? { what: "logNfa" as const, scale: null } : { what: "energy" as const, scale: index - 1 };
    const test = { ...name, index, alarmFrom: from(log), watchFrom: from(log + Math.log10(watchFactor)) };
    return [
      { ...test, side: "higher", limit: values.at(-rank)! },
      { ...test, side: "lower", limit: values[rank - 1]! },
    ];
  });
}

/** Parts of a window called anomalous from which more are than the calibration explains; null: any number may be. */
export function rejectedFrom(
  { logNfa }: Calibration,
  { logEpsilon }: OperatingPoint,
  { window, oneFalseAlarmIn }: CheckedDriftOptions,
): number | null {
  const rank = logNfa.filter((value) => value <= logEpsilon).length + 1;
  if (rank > logNfa.length) return null;
  const log = Math.log10((watchFactor * window) / oneFalseAlarmIn);
  return leastImprobable(logBeyond(window, logNfa.length, rank), log);
}

/** O(n log n). Null of nothing, and where a quartile is not finite. */
export function quartiles(values: Float64Array): Quartiles | null {
  const sorted = values.slice().sort();
  const rank = Math.ceil(sorted.length / 4);
  const [low, median, high] = [sorted[rank - 1], sorted[Math.ceil(sorted.length / 2) - 1], sorted.at(-rank)];
  if (low === undefined || !Number.isFinite(low) || !Number.isFinite(high)) return null;
  return { low, median: median!, high: high! };
}
