import type { ModelSummary } from "../../../src/serve/api.ts";
import { h } from "../element.ts";
import { dateAndTime, epsilon } from "../format.ts";
import type { Line } from "../line.ts";
import * as service from "../service.ts";

/** The models of the service: what they are, and others in their place. */
export class ModelList extends HTMLElement {
  private readonly cards = h("div", { class: "cards" });
  private readonly status = h("p", { class: "status", role: "status" });

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.append(h("h2", {}, "Models"), this.status, this.cards);
    this.line.on(["models"], () => this.show());
  }

  private show(): void {
    const { models, files } = this.line;
    this.cards.replaceChildren(
      ...models.map((model) => this.card(model)),
      ...(files ? [this.loader(files)] : []),
    );
  }

  private card(model: ModelSummary): HTMLElement {
    const { operatingPoint: point } = model;
    const fact = (name: string, value: string) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    return h(
      "article",
      {},
      h("h3", {}, model.name),
      h("p", { class: "point" }, point.text),
      h(
        "dl",
        { class: "facts" },
        fact("File", model.file),
        fact("SHA-256", model.sha256.slice(0, 16)),
        fact("Since", dateAndTime(model.since)),
        fact("ε", epsilon(point.logEpsilon)),
        fact(
          "Calibrated on",
          model.calibrationImages === null ? "nothing" : `${model.calibrationImages} good images`,
        ),
        fact("Backbone", `${model.backbone}, ${model.inputSize} px, on ${model.device}`),
      ),
      this.line.files ? this.swapper(model, this.line.files) : null,
    );
  }

  private swapper({ name }: ModelSummary, files: readonly string[]): HTMLElement {
    const file = h(
      "select",
      { "aria-label": `File to take the place of ${name}` },
      ...files.map((each) => h("option", {}, each)),
    );
    return h(
      "form",
      { submit: (event) => this.swap(event, name, file.value) },
      file,
      h("button", { type: "submit" }, "Swap in"),
      h("button", { type: "button", click: (event) => this.unload(event, name) }, "Unload"),
    );
  }

  private swap(event: Event, name: string, file: string): void {
    event.preventDefault();
    if (!confirm(`Swap ${file} in for ${name}? It decides from the next image on.`)) return;
    void this.act(event, `Swapping ${name} …`, () => service.swapModel(name, file));
  }

  private unload(event: Event, name: string): void {
    if (!confirm(`Unload ${name}? Images for it are refused from then on.`)) return;
    void this.act(event, `Unloading ${name} …`, () => service.unloadModel(name));
  }

  private loader(files: readonly string[]): HTMLElement {
    const name = h("input", {
      required: true,
      pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,127}",
      placeholder: "Name",
    });
    name.setAttribute("aria-label", "Name of the model");
    const file = h(
      "select",
      { "aria-label": "File of the model" },
      ...files.map((each) => h("option", {}, each)),
    );
    return h(
      "form",
      {
        class: "loader",
        submit: (event) =>
          this.act(event, `Loading ${name.value} …`, () => service.loadModel(name.value, file.value)),
      },
      h("h3", {}, "Another model"),
      name,
      file,
      h("button", { type: "submit" }, "Load"),
    );
  }

  private async act(event: Event, doing: string, work: () => Promise<unknown>): Promise<void> {
    event.preventDefault();
    this.status.textContent = doing;
    this.cards.inert = true;
    try {
      await work();
      await this.line.readModels();
      this.status.textContent = "Done.";
    } catch (error) {
      this.status.textContent = (error as Error).message;
    }
    this.cards.inert = false;
  }
}

customElements.define("uflow-models", ModelList);
