import { ink } from "../../page/ink.js";

/** What the report adds to the common style sheet. */
export const style = `
@media screen { body { max-width: 230mm; font-size: 10.5pt; padding: 0 6mm } }
header { border-bottom: 0.6mm solid ${ink.text}; padding-bottom: 2mm; margin-bottom: 4mm }
header p { margin: 0; color: ${ink.muted} }
h1 { font-size: 20pt; line-height: 1.2; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 13pt; margin: 9mm 0 2mm }
h2 .muted { font-weight: normal; font-size: 10pt }
h3 { font-size: 9.5pt; margin: 0 0 1mm; break-after: avoid }
table + h3 { margin-top: 4mm }
.headline { font-size: 13pt; margin: 0 0 4mm }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 3mm }
.tile { display: flex; flex-direction: column; border: 0.2mm solid ${ink.rule}; border-radius: 1.5mm; padding: 2.5mm 3mm; break-inside: avoid }
.tile .title { font-size: 8.5pt; color: ${ink.muted} }
.tile .figure { font-size: 21pt; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums }
.tile .detail { font-size: 8.5pt }
.kept { color: ${ink.good} }
.bad { color: ${ink.failed} }
.note { margin: 2mm 0 0; padding-left: 3mm; border-left: 0.8mm solid ${ink.rule}; overflow-wrap: anywhere }
.kinds { margin-top: 5mm }
.kinds .figures td:first-child { width: 22% }
.kinds .figures td:nth-child(2) { width: 40%; vertical-align: middle }
.bar { display: block; height: 2.6mm; background: #eef0f3; border-radius: 1.3mm; overflow: hidden }
.bar span { display: block; height: 100% }
.bar .good { background: ${ink.good} }
.bar .defective { background: ${ink.defective} }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 6mm 6mm }
figure { margin: 0; break-inside: avoid }
figure img { display: block; width: 100%; height: auto }
figcaption { font-size: 8.5pt; color: ${ink.muted}; margin-top: 1mm }
.card img { width: auto; max-width: 100%; max-height: 46mm }
.key { margin: 0 0 2mm; font-size: 8.5pt; break-inside: avoid; break-after: avoid }
.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 4mm 4mm; align-items: end }
.card figcaption { display: flex; flex-direction: column; font-variant-numeric: tabular-nums }
.card .file { color: ${ink.text}; overflow-wrap: anywhere }
.kind { display: inline-block; max-width: 40mm; white-space: normal; overflow-wrap: break-word }
.key + table { width: 55%; margin-bottom: 5mm }
.provenance .label { color: ${ink.muted} }
pre { font-size: 8pt; background: #f4f5f7; padding: 2mm 3mm; border-radius: 1mm; white-space: pre-wrap; overflow-wrap: anywhere }
@media screen and (max-width: 640px) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  .plots { grid-template-columns: minmax(0, 1fr) }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  .key + table { width: 100% }
  section { overflow-x: auto }
}
`;
