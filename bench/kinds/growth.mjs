// How the time grows with the pixels or the channels: t ≈ a·xᵏ, k by least squares in the logarithms.
import { speed } from "./speed.mjs";

/** { name, task, along, points: [x, seconds][], exponent }, or nothing where ours has no such kernel. */
export async function growth(trial, driver, effort) {
  const points = [];
  for (const value of trial.at.filter((one) => one <= effort.largest)) {
    const prepared = await driver.prepare(trial, trial.inputs(value));
    if (!prepared) return undefined;
    points.push([trial.x(value), (await speed(prepared, effort)).min]);
  }
  return { name: trial.name, task: trial.task, along: trial.along, points, exponent: exponentOf(points) };
}

function exponentOf(points) {
  const logs = points.map((point) => point.map(Math.log));
  const [meanX, meanY] = [0, 1].map((axis) => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length);
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
