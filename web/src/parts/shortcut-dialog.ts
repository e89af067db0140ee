import { h } from "../element.ts";
import { keyName, type Shortcut } from "../shortcuts.ts";

/** All keys and what they do. */
export class ShortcutDialog extends HTMLElement {
  private readonly dialog = h("dialog", { "aria-labelledby": "shortcuts-heading" });

  constructor(private readonly shortcuts: readonly Shortcut[]) {
    super();
  }

  connectedCallback(): void {
    this.dialog.append(
      h("h2", { id: "shortcuts-heading" }, "Keys"),
      h(
        "dl",
        { class: "keys" },
        ...this.shortcuts.map(({ keys, text }) =>
          h("div", {}, h("dt", {}, ...keys.map((key) => h("kbd", {}, keyName(key)))), h("dd", {}, text)),
        ),
      ),
      h("form", { method: "dialog" }, h("button", {}, "Close")),
    );
    this.append(this.dialog);
  }

  open(): void {
    this.dialog.showModal();
  }
}

customElements.define("uflow-shortcuts", ShortcutDialog);
