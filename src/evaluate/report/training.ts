import { type Content, html } from "../../page/html.js";
import { count, label, table } from "../../page/table.js";
import { figure } from "./charts/chart.js";
import { trainingPlot } from "./charts/training.js";
import type { ReportData } from "./report-data.js";

/** How the model was trained, where this engine has trained it. */
export function training({ model: { manifest } }: ReportData): Content {
  const { training: summary, latents } = manifest;
  if (!summary) return null;
  const values = latents.reduce((sum, { channels, height, width }) => sum + channels * height * width, 0);
  const { images, epochs, batchSize, learningRate, weightDecay, featureNoise = 0, seed, losses } = summary;
  const facts = [
    ["learned from", count(images, "good image")],
    ["epochs", losses.length === epochs ? `${epochs}` : `${losses.length} of ${epochs}`],
    ["images per step", `${batchSize}`],
    ["learning rate", `${learningRate}`],
    ["weight decay", `${weightDecay}`],
    ["noise on the features", `${featureNoise}`],
    ["seed", `${seed}`],
    ["last loss", `${(losses.at(-1)! / values).toFixed(3)} nats per latent value`],
  ] as const;
  const rows = facts.map(([title, fact]) => [label(title), fact]);
  return html`<section><h2>Training</h2><div class="plots">${figure(trainingPlot(summary, values))}<div class="provenance">${table(["", ""], rows)}</div></div></section>`;
}
