import type { Result } from "../../../src/serve/api.ts";
import { h, svg } from "../element.ts";
import type { Line } from "../line.ts";
import { outline } from "../outline.ts";

/** Percent. */
const opacityStep = 10;

/** The shown frame with heat and contours over it. */
export class PictureStage extends HTMLElement {
  private readonly frame = h("div", { class: "picture" });
  private readonly contours = svg("svg", { class: "contours", "aria-hidden": "true" });
  private readonly placeholder = h("p", { class: "placeholder" }, "No frame yet");
  private readonly heatBox = h("input", { type: "checkbox", checked: true, change: () => this.showLayers() });
  private readonly contourBox = h("input", {
    type: "checkbox",
    checked: true,
    change: () => this.showLayers(),
  });
  private readonly opacity = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: opacityStep,
    value: 80,
    "aria-label": "Strength of the heat map, percent",
    input: () => this.showLayers(),
  });

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.append(
      h("div", { class: "stage" }, this.placeholder, this.frame),
      h(
        "div",
        { class: "tools" },
        h("label", { class: "switch", title: "Key H" }, this.heatBox, "Heat map"),
        h("label", { class: "strength", title: "Keys , and ." }, h("span", {}, "Strength"), this.opacity),
        h("label", { class: "switch", title: "Key C" }, this.contourBox, "Contours"),
      ),
    );
    this.showLayers();
    this.line.on(["shown"], () => this.paint());
    this.line.on(["trial"], () => this.drawContours());
    this.line.on(["connection"], () => this.classList.toggle("stale", this.line.connection !== "live"));
  }

  toggleHeat(): void {
    this.heatBox.click();
  }

  toggleContours(): void {
    this.contourBox.click();
  }

  /** By so many steps. */
  strengthen(steps: number): void {
    this.opacity.valueAsNumber += steps * opacityStep;
    this.showLayers();
  }

  private showLayers(): void {
    this.frame.classList.toggle("heat", this.heatBox.checked);
    this.frame.classList.toggle("outlined", this.contourBox.checked);
    this.frame.style.setProperty("--heat", String(this.opacity.valueAsNumber / 100));
  }

  private paint(): void {
    const { shown, pictures } = this.line;
    if (!shown || !pictures) return;
    const { image, heat, complete } = pictures;
    const width = shown.image.width ?? image?.naturalWidth ?? 1;
    const height = shown.image.height ?? image?.naturalHeight ?? 1;
    this.frame.style.setProperty("--ratio", String(width / height));
    this.contours.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.placeholder.textContent = image
      ? ""
      : complete
        ? "There is no picture of this frame."
        : "The picture is still to come.";
    image?.setAttribute("alt", describe(shown));
    heat?.classList.add("heat");
    this.frame.replaceChildren(...[image, heat].filter((layer) => layer !== undefined), this.contours);
    this.drawContours();
  }

  private drawContours(): void {
    const { shown, trial } = this.line;
    const regions = trial?.answer?.regions ?? shown?.regions ?? [];
    const paths = regions.map(outline);
    this.contours.replaceChildren(
      ...paths.map((d) => svg("path", { class: "casing", d })),
      ...paths.map((d) => svg("path", { class: "contour", d })),
    );
  }
}

function describe({ image, verdict, regions }: Result): string {
  return `${image.name || "Frame"}, ${verdict}${regions.length > 0 ? `, detected regions: ${regions.length}` : ""}`;
}

customElements.define("uflow-stage", PictureStage);
