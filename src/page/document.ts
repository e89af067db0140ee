import { type Html, html, markup } from "./html.js";
import { ink } from "./ink.js";

/** Nothing is loaded and nothing runs, whatever a name in the page may contain: pictures and styles are in the file. */
const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * A page for people: one file of HTML without scripts, to be read in a browser or printed on A4.
 * @param style what the page adds to the common style sheet
 */
export function document({ title, style, body }: { title: string; style: string; body: Html }): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light">
<title>${title}</title>
<style>${markup(commonStyle + style)}</style>
</head>
<body>
${body}
</body>
</html>
`.toString();
}

const commonStyle = `
@page { size: A4; margin: 14mm }
* { box-sizing: border-box }
body { font: 9.5pt/1.4 system-ui, sans-serif; color: ${ink.text}; background: #fff; max-width: 182mm; margin: 8mm auto; padding: 0 2mm; print-color-adjust: exact; -webkit-print-color-adjust: exact }
@media print { body { margin: 0; padding: 0; max-width: none } }
h2 { font-size: 11pt; margin: 5mm 0 1mm; break-after: avoid }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt }
th, td { text-align: left; vertical-align: top; padding: 0.8mm 3mm 0.8mm 0; border-bottom: 0.2mm solid ${ink.rule}; overflow-wrap: anywhere }
.label, .figures td:not(:first-child), .figures th { white-space: nowrap; overflow-wrap: normal }
.figures td:first-child { width: 100% }
th:last-child, td:last-child { padding-right: 0 }
thead th { border-bottom: 0.4mm solid ${ink.text} }
tr { break-inside: avoid }
.number { text-align: right; font-variant-numeric: tabular-nums }
.muted, footer { color: ${ink.muted} }
code { font-size: 8pt; overflow-wrap: anywhere }
footer { margin-top: 5mm; font-size: 8pt }
`;
