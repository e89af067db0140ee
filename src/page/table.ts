import { type Content, type Html, html } from "./html.js";

/** Columns from `numeric` on are numbers; without any it is a table of facts with short labels. Heads may all be "". */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Content[])[],
  numeric = heads.length,
): Html {
  const alignment = (i: number) => (i >= numeric ? html` class="number"` : null);
  const head = html`<thead><tr>${heads.map((text, i) => html`<th${alignment(i)}>${text}</th>`)}</tr></thead>`;
  const kind = numeric < heads.length ? "figures" : "facts";
  const body = rows.map(
    (row) => html`<tr>${row.map((content, i) => html`<td${alignment(i)}>${content}</td>`)}</tr>\n`,
  );
  return html`<table class="${kind}">${heads.some((text) => text !== "") ? head : null}<tbody>${body}</tbody></table>`;
}

/** The name of a fact. */
export const label = (text: string) => html`<span class="label">${text}</span>`;

export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
