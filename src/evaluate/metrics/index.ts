export { aupro } from "./aupro.js";
export { imageAuroc, pixelAuroc } from "./auroc.js";
export { type FalseAlarms, falseAlarms } from "./false-alarms.js";
export { type Miou, miou } from "./iou.js";
