import { h } from "./element.ts";

/** One of the things to look at. */
interface View {
  id: string;
  name: string;
  content: HTMLElement[];
  opened?: () => void;
}

/** The views of the page, of which one is seen, and the links to them. Addresses keep it: `#history`. */
export class Views {
  readonly main = h("main");
  readonly tabs = h("nav", { "aria-label": "Views" });
  readonly names: readonly { id: string; name: string }[];

  constructor(private readonly views: readonly View[]) {
    this.names = views;
    this.main.append(
      ...views.map(({ id, name, content }) => h("section", { class: id, "aria-label": name }, ...content)),
    );
    this.tabs.append(
      ...views.map(({ id, name }, i) => h("a", { href: `#${id}`, title: `Key ${i + 1}` }, name)),
    );
    addEventListener("hashchange", () => this.read());
    this.read();
  }

  show(id: string): void {
    location.hash = id;
  }

  private read(): void {
    const seen = Math.max(
      0,
      this.views.findIndex(({ id }) => `#${id}` === location.hash),
    );
    this.views.forEach((_, i) => {
      (this.main.children[i] as HTMLElement).hidden = i !== seen;
      const tab = this.tabs.children[i]!;
      if (i === seen) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    });
    this.views[seen]!.opened?.();
  }
}
