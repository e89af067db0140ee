import { h } from "../element.ts";
import type { Line } from "../line.ts";
import { signIn } from "../service.ts";

/** Asks for the API key when the service wants one. The service keeps it in a cookie that scripts cannot read. */
export class KeyDialog extends HTMLElement {
  private readonly key = h("input", {
    type: "password",
    id: "api-key",
    required: true,
    autocomplete: "current-password",
  });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly dialog = h("dialog", { "aria-labelledby": "key-heading" });

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.dialog.append(
      h("h2", { id: "key-heading" }, "This service needs a key"),
      h(
        "form",
        { submit: (event) => void this.send(event) },
        h("label", { class: "field", for: "api-key" }, "API key", this.key),
        this.problem,
        h("button", { type: "submit", class: "action" }, "Sign in"),
      ),
    );
    this.append(this.dialog);
    this.line.on(["connection"], () => {
      if (this.line.connection !== "locked") this.dialog.close();
      else if (!this.dialog.open) this.dialog.showModal();
    });
  }

  private async send(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await signIn(this.key.value);
      this.key.value = "";
      this.problem.textContent = "";
      this.line.start();
    } catch (error) {
      this.problem.textContent = (error as Error).message;
      this.key.select();
    }
  }
}

customElements.define("uflow-key", KeyDialog);
