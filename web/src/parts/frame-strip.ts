import type { Result } from "../../../src/serve/api.ts";
import { h } from "../element.ts";
import { logNfa, timeOfDay } from "../format.ts";
import type { Line } from "../line.ts";
import { thumbnail } from "../thumbnail.ts";
import { verdictIcon, words } from "../verdict.ts";

const mostFrames = 24;

/** Milliseconds: small pictures cost the service work, so that the strip moves at most once in so long. */
const pause = 1000;

/** Pixels, twice what is seen: for sharp screens. */
const side = 192;

/** The last frames, newest first. */
export class FrameStrip extends HTMLElement {
  private readonly list = h("ol");
  private readonly tiles = new Map<string, HTMLElement>();
  private waiting: number | undefined;

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.append(h("h2", { class: "unseen" }, "Last frames"), this.list);
    this.line.on(["results"], () => {
      if (this.waiting !== undefined) return;
      this.show();
      this.waiting = setTimeout(() => {
        this.waiting = undefined;
        this.show();
      }, pause);
    });
    this.line.on(["shown"], () => this.mark());
  }

  private show(): void {
    const results = this.line.results.slice(0, mostFrames);
    const tiles = results.map((result) => this.tiles.get(result.id) ?? this.tile(result));
    this.tiles.clear();
    results.forEach(({ id }, i) => {
      this.tiles.set(id, tiles[i]!);
    });
    // Tiles that stay are not touched, so that the one with the focus keeps it.
    for (const tile of [...this.list.children]) if (!tiles.includes(tile as HTMLElement)) tile.remove();
    tiles.forEach((tile, i) => {
      if (this.list.children[i] !== tile) this.list.insertBefore(tile, this.list.children[i] ?? null);
    });
    this.mark();
  }

  private tile(result: Result): HTMLElement {
    const { id, verdict, time } = result;
    const text = result.logNfa === null ? "–" : logNfa(result.logNfa);
    const label = `${words[verdict]}, log NFA ${text}, ${timeOfDay(time)}`;
    return h(
      "li",
      { "data-id": id },
      h(
        "button",
        { type: "button", class: verdict, "aria-label": label, click: () => this.line.show(result) },
        thumbnail(id, side),
        h("span", {}, verdictIcon(verdict), text),
      ),
    );
  }

  private mark(): void {
    const shown = this.line.shown?.id;
    for (const [id, tile] of this.tiles) {
      if (id === shown) tile.firstElementChild!.setAttribute("aria-current", "true");
      else tile.firstElementChild!.removeAttribute("aria-current");
    }
  }
}

customElements.define("uflow-strip", FrameStrip);
