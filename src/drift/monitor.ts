import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import type { Inspection, Outcome } from "../inspect/inspection.js";
import { type CheckedDriftOptions, checkDriftOptions, type DriftOptions } from "./options.js";
import { type Column, columnsOf, quartiles, rejectedFrom, testsOf } from "./reference.js";
import type { Comparison, DriftState } from "./state.js";
import { stateInWords } from "./text.js";
import { PartsWindow } from "./window.js";

/** What is watched; an `Inspector` is one. */
export interface Monitored {
  readonly manifest: Manifest;
  readonly operatingPoint: OperatingPoint;
  /** SHA-256 of the model file. */
  readonly model: string;
}

/**
 * Watches whether parts are still like the good images of the model's calibration: light, focus, dirt and material change
 * slowly, and what good images promise holds for parts like them only. Windows of parts are compared with these images by
 * exact tests. How many parts are defective does not matter, up to the shares in the options. docs/maths.md, "Drift".
 *
 * After a `swap()` make a new one: parts of other models are ignored.
 */
export class DriftMonitor {
  private readonly options: CheckedDriftOptions;
  private readonly columns: { good: Column[]; all: Column[] };
  private good: PartsWindow;
  private all: PartsWindow;
  private ignored = 0;
  private alarms = 0;

  /** @throws UflowError ERR_UFLOW_BAD_OPTION. */
  constructor(
    private readonly of: Monitored,
    options: DriftOptions = {},
  ) {
    this.options = checkDriftOptions(options);
    const { manifest, operatingPoint } = of;
    const mapSize = this.options.mapSize ?? manifest.mapSize;
    const { calibration } = manifest;
    this.columns = calibration ? columnsOf(calibration, operatingPoint, mapSize) : { good: [], all: [] };
    [this.good, this.all] = this.emptyWindows();
  }

  /**
   * Takes one part into account. O(1), and O(window · log window) at the end of a window.
   * @returns whether a window ended, so that `state` may be another
   */
  add(outcome: Outcome): boolean {
    if (outcome.verdict === "undecided" || !this.isSound(outcome)) {
      this.ignored += 1;
      return false;
    }
    const numbers = [outcome.logNfa, ...outcome.meanEnergies];
    const windows = outcome.verdict === "good" ? [this.good, this.all] : [this.all];
    const ended = windows.filter((window) => window.add(numbers, outcome.verdict));
    this.alarms += ended.filter(({ alarming }) => alarming).length;
    return ended.length > 0;
  }

  private isSound({ model, logNfa, meanEnergies }: Inspection): boolean {
    const { latents } = this.of.manifest;
    if (model !== this.of.model || meanEnergies.length !== latents.length) return false;
    return ![logNfa, ...meanEnergies].some(Number.isNaN);
  }

  /** Forgets all parts: after the cause was removed. */
  reset(): void {
    [this.good, this.all] = this.emptyWindows();
    this.ignored = 0;
    this.alarms = 0;
  }

  get state(): DriftState {
    const { good, all, ignored, alarms } = this;
    const { window, oneFalseAlarmIn } = this.options;
    const findings = [...good.findings, ...all.findings].sort(
      (a, b) => Number(b.level === "alarm") - Number(a.level === "alarm"),
    );
    const known = this.canAlarm && (good.whole || all.whole);
    const state: Omit<DriftState, "text"> = {
      state: known ? (findings[0]?.level ?? "ok") : "unknown",
      ...{ parts: all.parts, good: good.parts, ignored, alarms, findings },
      logNfa: this.comparison(0),
      energies: this.of.manifest.latents.map((_, scale) => this.comparison(scale + 1)),
      ...{ window, oneFalseAlarmIn },
    };
    return { ...state, text: stateInWords(state, this.of.manifest.calibration, this.canAlarm) };
  }

  private get canAlarm(): boolean {
    return [this.good, this.all].some(({ canAlarm }) => canAlarm);
  }

  private comparison(index: number): Comparison {
    const { good, all } = this.columns;
    const column = (good.length > 0 ? good : all).find((other) => other.index === index);
    return {
      calibration: column ? quartiles(column.values) : null,
      recent: this.good.whole ? quartiles(this.good.last(index)) : null,
    };
  }

  private emptyWindows(): [PartsWindow, PartsWindow] {
    const { options, columns, of } = this;
    const { calibration, latents } = of.manifest;
    const tests = 2 * (columns.good.length + columns.all.length);
    const shape = { size: options.window, numbers: latents.length + 1 };
    const good = testsOf(columns.good, options, options.missed, tests);
    const all = testsOf(columns.all, options, options.defects, tests);
    const rejected =
      calibration && columns.good.length > 0 ? rejectedFrom(calibration, of.operatingPoint, options) : null;
    return [new PartsWindow("good", good, null, shape), new PartsWindow("all", all, rejected, shape)];
  }
}
