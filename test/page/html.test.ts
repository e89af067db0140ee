import { expect, it } from "vitest";
import { document } from "#uflow/page/document.js";
import { html, markup, name } from "#uflow/page/html.js";
import { table } from "#uflow/page/table.js";

const hostile = `<script>alert(1)</script> "quoted" 'single' & \u202egnp.exe`;
const harmless =
  "&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &#39;single&#39; &amp; \u202egnp.exe";

it("escapes text in elements and in attributes", () => {
  expect(`${html`<p title="${hostile}">${hostile}</p>`}`).toBe(`<p title="${harmless}">${harmless}</p>`);
});

it("escapes once: what a template has made is markup, also in lists of lists", () => {
  const item = html`<li>${"a < b"}</li>`;
  expect(`${html`<ul>${[item, [item, "<"]]}</ul>`}`).toBe("<ul><li>a &lt; b</li><li>a &lt; b</li>&lt;</ul>");
});

it("writes numbers, and nothing for null", () => {
  expect(`${html`${0} ${null}${-1.5}`}`).toBe("0 -1.5");
});

it("takes nothing for markup but what was declared to be", () => {
  const disguised = { toString: () => "<b>", source: "<b>" } as unknown as string;
  expect(`${html`${disguised}`}`).toBe("&lt;b&gt;");
  expect(`${html`${markup("<b>")}`}`).toBe("<b>");
});

it("keeps a name that is written from right to left from turning the line around", () => {
  expect(`${name(hostile)}`).toBe(`<bdi>${harmless}</bdi>`);
});

it("aligns the numbers of a table and escapes its heads", () => {
  expect(`${table(["<", "n"], [["&", 1]], 1)}`).toBe(
    '<table class="figures"><thead><tr><th>&lt;</th><th class="number">n</th></tr></thead><tbody><tr><td>&amp;</td><td class="number">1</td></tr>\n</tbody></table>',
  );
});

it("makes a page that loads and runs nothing", () => {
  const page = document({ title: hostile, style: "p > b { color: red }", body: html`<p>x</p>` });
  expect(page).toContain(`<title>${harmless}</title>`);
  expect(page).toContain("p > b { color: red }");
  expect(page).toContain('content="default-src &#39;none&#39;; img-src data:;');
});
