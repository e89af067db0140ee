/** Of some numbers: a quarter of them is below `low`, a quarter above `high`. */
export interface Quartiles {
  low: number;
  median: number;
  high: number;
}

/** One statistic of the good images of the calibration, and of the last whole window of parts that were called good. */
export interface Comparison {
  /** Null where the calibration says nothing of it. */
  calibration: Quartiles | null;
  /** Null until a window is whole. */
  recent: Quartiles | null;
}

/** That more parts of a window are like one end of the calibration's images than chance explains. */
export interface Finding {
  level: "watch" | "alarm";
  /** The window: parts that were called good, or all parts. */
  parts: "good" | "all";
  /** `rejected`: how many parts were called anomalous. */
  what: "logNfa" | "energy" | "rejected";
  /** Of an energy: 0 is the finest. Else null. */
  scale: number | null;
  /** Whether too many parts have too much of it or too little. */
  side: "higher" | "lower";
  /** So many parts of the window are beyond `limit`, the quartile of the calibration's images on that side. */
  count: number;
  limit: number;
  /** `count` from which the alarm is raised; null where it never is. */
  alarmFrom: number | null;
}

/** What a drift monitor says. Plain data, and JSON. */
export interface DriftState {
  /**
   * `alarm`: the parts are not like the good images of the calibration any more, and what these promise does not hold.
   * `watch`: they may not be. `unknown`: nothing can be said, as `text` explains.
   */
  state: "ok" | "watch" | "alarm" | "unknown";
  /** For people: what was found, why it matters, what to do. */
  text: string;
  /** Parts since the monitor was made or reset, and how many of them were called good. */
  parts: number;
  good: number;
  /** Not counted among them: undecided, of another model, or with numbers that are none. */
  ignored: number;
  /** Windows that raised the alarm, since the monitor was made or reset. */
  alarms: number;
  /** Of the last whole windows, alarms first. */
  findings: Finding[];
  logNfa: Comparison;
  /** Per scale, finest first: of the mean energy of a part. */
  energies: Comparison[];
  /** Parts in a window. */
  window: number;
  /** While parts are drawn as the calibration's images were, one false alarm is to be expected in so many parts, at most. */
  oneFalseAlarmIn: number;
}
