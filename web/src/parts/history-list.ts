import type { Result, Verdict } from "../../../src/serve/api.ts";
import { h } from "../element.ts";
import { count, dateAndTime, logNfa, milliseconds, score } from "../format.ts";
import type { Line } from "../line.ts";
import * as service from "../service.ts";
import { thumbnail } from "../thumbnail.ts";
import { verdictIcon, words } from "../verdict.ts";

const pageSize = 20;

/** Results that are asked for at once when text is looked for, which the service does not do. */
const batch = 500;

/** Pixels, twice what is seen. */
const side = 112;

/** Results that the service has in memory, page by page. */
export class HistoryList extends HTMLElement {
  private readonly verdict = h("select", { name: "verdict", change: () => this.first() });
  private readonly station = h("select", { name: "station", change: () => this.first() });
  private readonly model = h("select", { name: "model", change: () => this.first() });
  private readonly text = h("input", {
    type: "search",
    name: "text",
    placeholder: "Name of the image",
    input: () => this.first(),
  });
  private readonly rows = h("ol", { class: "rows" });
  private readonly summary = h("p", { class: "summary", role: "status" });
  private readonly older = h("button", { type: "button", click: () => this.turn(1) }, "Older");
  private readonly newer = h("button", { type: "button", click: () => this.turn(-1) }, "Newer");
  private readonly fresh = h("button", {
    type: "button",
    class: "action",
    title: "Key R",
    click: () => this.first(),
  });
  /** The id before which each page begins; the first begins with the newest. */
  private starts: (string | undefined)[] = [undefined];
  private page = 0;
  /** The id of the newest result when the list was read; ids grow with time. */
  private newest = "";
  private asked = 0;

  constructor(
    private readonly line: Line,
    private readonly look: (result: Result) => void,
  ) {
    super();
  }

  connectedCallback(): void {
    const field = (name: string, control: HTMLElement) => h("label", {}, h("span", {}, name), control);
    this.append(
      h("h2", {}, "History"),
      h(
        "form",
        { class: "filters", submit: (event) => event.preventDefault() },
        field("Verdict", this.verdict),
        field("Station", this.station),
        field("Model", this.model),
        field("Text", this.text),
      ),
      h("div", { class: "pages" }, this.newer, this.older, this.summary, this.fresh),
      this.rows,
    );
    choices(this.verdict, "All", ["good", "anomalous", "undecided"]);
    this.line.on(["results", "models"], () => this.offer());
  }

  focusText(): void {
    this.text.focus();
    this.text.select();
  }

  /** Reads the first page again. */
  first(): void {
    this.starts = [undefined];
    this.page = 0;
    void this.read();
  }

  turn(pages: number): void {
    const page = this.page + pages;
    if (page < 0 || page >= this.starts.length) return;
    this.page = page;
    void this.read();
  }

  /** What can be chosen is what was seen. */
  private offer(): void {
    const { results, models, newest } = this.line;
    const stations = [...new Set(results.map(({ station }) => station))].filter(Boolean).sort();
    const names = [
      ...new Set([...models, ...results.map(({ model }) => model)].map(({ name }) => name)),
    ].sort();
    choices(this.station, "All", stations);
    choices(this.model, "All", names);
    const more = results.filter(({ id }) => id > this.newest).length;
    this.fresh.hidden = more === 0 || newest === null;
    this.fresh.textContent = `Show ${more} new`;
  }

  private async read(): Promise<void> {
    const turn = ++this.asked;
    try {
      const { found, total, more } = await this.find(this.starts[this.page]);
      if (turn !== this.asked) return;
      this.show(found, total, more);
    } catch (error) {
      if (turn === this.asked) this.summary.textContent = (error as Error).message;
    }
  }

  /** One page from here on, and whether there is another. */
  private async find(start: string | undefined) {
    const text = this.text.value.trim().toLowerCase();
    const limit = text === "" ? pageSize + 1 : batch;
    const found: Result[] = [];
    let before = start;
    for (;;) {
      const { results, total } = await service.results({
        ...this.filter(),
        ...(before && { before }),
        limit,
      });
      found.push(...results.filter(({ image }) => image.name.toLowerCase().includes(text)));
      before = results.at(-1)?.id;
      if (found.length > pageSize || results.length < limit) {
        return { found: found.slice(0, pageSize), total, more: found.length > pageSize };
      }
    }
  }

  private filter(): service.ResultsFilter {
    const verdict = this.verdict.value as Verdict | "";
    return { ...(verdict && { verdict }), station: this.station.value, model: this.model.value };
  }

  private show(found: readonly Result[], total: number, more: boolean): void {
    // The list may be there before the line has caught up, and a filter may leave the newest out.
    const ids = [this.line.newest?.id ?? "", found[0]?.id ?? ""].sort();
    if (this.page === 0) this.newest = ids[1]!;
    if (more) this.starts[this.page + 1] = found.at(-1)!.id;
    this.newer.disabled = this.page === 0;
    this.older.disabled = !more;
    const shown = found.length === 0 ? "Nothing found" : `Page ${this.page + 1}`;
    this.summary.textContent = `${shown}, ${count(total, "result")} in memory`;
    this.rows.replaceChildren(...found.map((result) => this.row(result)));
    this.offer();
  }

  private row(result: Result): HTMLElement {
    const { id, verdict, time, station, model, image, timings } = result;
    const cell = (kind: string, text: string) => h("span", { class: kind }, h("bdi", {}, text));
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", click: () => this.look(result) },
        thumbnail(id, side),
        h("span", { class: `verdict ${verdict}` }, verdictIcon(verdict), words[verdict]),
        cell("time", dateAndTime(time)),
        cell("number nfa", result.logNfa === null ? "–" : `log NFA ${logNfa(result.logNfa)}`),
        cell("number score", result.anomalyScore === null ? "–" : `score ${score(result.anomalyScore)}`),
        cell("number latency", timings ? `${milliseconds(timings.total)} ms` : "–"),
        cell("name", image.name || "–"),
        cell("origin", [station, model.name].filter(Boolean).join(" · ")),
      ),
    );
  }
}

/** Renews what a list offers, if that has changed; what is chosen stays. */
function choices(select: HTMLSelectElement, all: string, values: readonly string[]): void {
  const known = [...select.options].slice(1).map(({ value }) => value);
  if (select.options.length > 0 && known.join("\n") === values.join("\n")) return;
  const { value: chosen } = select;
  select.replaceChildren(
    h("option", { value: "" }, all),
    ...values.map((value) => h("option", { value }, value)),
  );
  select.value = values.includes(chosen) ? chosen : "";
}

customElements.define("uflow-history", HistoryList);
