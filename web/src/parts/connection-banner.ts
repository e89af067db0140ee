import { h } from "../element.ts";
import { timeOfDay } from "../format.ts";
import type { Line } from "../line.ts";

/** Says that what is shown is old. */
export class ConnectionBanner extends HTMLElement {
  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.setAttribute("role", "alert");
    this.line.on(["connection"], () => this.show());
  }

  private show(): void {
    const { connection, heard } = this.line;
    this.hidden = connection !== "stale";
    if (this.hidden) this.replaceChildren();
    else
      this.replaceChildren(
        h("strong", {}, `Connection lost since ${timeOfDay(heard)}.`),
        " What is shown is not current. Trying again …",
      );
  }
}

customElements.define("uflow-banner", ConnectionBanner);
