import type { Calibration } from "../a-contrario/calibration.js";
import type { DriftState, Finding } from "./state.js";

type Wordless = Omit<DriftState, "text">;

const recalibrate = 'calibrate the model with more good images ("uflow calibrate")';

/** @param canAlarm whether the calibration suffices for an alarm */
export function stateInWords(
  state: Wordless,
  calibration: Calibration | undefined,
  canAlarm: boolean,
): string {
  const { parts, window, findings } = state;
  if (!calibration) return `The model has no calibration to compare parts with: ${recalibrate}.`;
  if (!canAlarm) return `${insufficient(calibration)}: ${recalibrate}, or choose larger windows.`;
  const [gravest] = findings;
  if (state.state === "unknown") return `${parts} of the ${window} parts that are judged together are there.`;
  if (!gravest) return "Parts are like the good images of the calibration, as far as chance lets see.";
  return `${found(gravest, state)} ${meaning(gravest)}`;
}

function insufficient({ images, meanEnergies }: Calibration): string {
  const energies = meanEnergies ? "" : " without their energies, judged by another test,";
  return `The ${images} good images of the calibration${energies} are too few to tell drift from chance`;
}

function found(finding: Finding, { window, oneFalseAlarmIn }: Wordless): string {
  const { parts, count, limit, side, level } = finding;
  const of = `${count} of the last ${window} parts${parts === "good" ? " that were called good" : ""}`;
  if (finding.what === "rejected") {
    return `${of} were called anomalous, and the calibration makes ${limit} at most likely.`;
  }
  const end = side === "higher" ? "highest" : "lowest";
  const by = level === "alarm" ? oneFalseAlarmIn : oneFalseAlarmIn / 100;
  return `${of} have a ${side} ${nameOf(finding)} than all but the ${end} quarter of the calibration's good images, which chance does less than once in ${by} parts.`;
}

function nameOf({ what, scale }: Finding): string {
  return what === "logNfa" ? "log NFA" : `energy at scale ${scale! + 1}`;
}

const where = "light, exposure, focus, position and dirt";

function meaning({ what, side, level }: Finding): string {
  if (what === "rejected") {
    return `Look at some of them: either more parts are defective, or ${where} have changed what good ones look like.`;
  }
  if (level === "watch") return `If it lasts, look at ${where}.`;
  const stranger = (side === "higher") === (what === "energy");
  const broken = stranger
    ? "Good parts have become stranger to the model, and its promise on false alarms does not hold for them."
    : "Parts have become plainer to the model, as out of focus or underexposed ones do: defects may be missed.";
  return `${broken} Look at ${where}; if nothing is wrong and parts stay so, calibrate the model with good ones of today ("uflow calibrate"), or train it again.`;
}
