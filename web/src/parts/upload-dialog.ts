import { h } from "../element.ts";
import type { Line } from "../line.ts";
import * as service from "../service.ts";
import { verdictIcon, words } from "../verdict.ts";

/** Images that are sent at the same time. */
const atOnce = 2;

/** Images from the user: dropped anywhere on the page, pasted, or chosen. */
export class UploadDialog extends HTMLElement {
  private readonly model = h("select", { id: "upload-model" });
  private readonly picker = h("input", {
    type: "file",
    id: "upload-files",
    multiple: true,
    accept: "image/*",
    change: () => {
      this.add(this.picker.files ?? []);
      this.picker.value = "";
    },
  });
  private readonly list = h("ol", { class: "uploads", "aria-live": "polite" });
  private readonly dialog = h("dialog", { "aria-labelledby": "upload-heading" });
  private readonly waiting: (() => Promise<void>)[] = [];
  private sending = 0;

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.dialog.append(
      h("h2", { id: "upload-heading" }, "Inspect images"),
      h("p", {}, "Drop them anywhere on this page, paste one, or choose files."),
      h("label", { class: "field", for: "upload-model" }, "Model", this.model),
      h("label", { class: "button action", for: "upload-files" }, "Choose files", this.picker),
      this.list,
      h("form", { method: "dialog" }, h("button", {}, "Close")),
    );
    this.append(this.dialog);
    addEventListener("dragover", (event) => this.drag(event, true));
    addEventListener("dragleave", (event) => event.relatedTarget === null && this.drag(event, false));
    addEventListener("drop", (event) => {
      this.drag(event, false);
      this.add(event.dataTransfer?.files ?? []);
    });
    addEventListener("paste", ({ clipboardData }) => this.add(clipboardData?.files ?? []));
    this.line.on(["models"], () => this.offer());
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  private drag(event: DragEvent, over: boolean): void {
    event.preventDefault();
    document.documentElement.classList.toggle("dropping", over);
  }

  private offer(): void {
    const { value } = this.model;
    this.model.replaceChildren(...this.line.models.map(({ name }) => h("option", {}, name)));
    if (this.line.models.some(({ name }) => name === value)) this.model.value = value;
  }

  private add(files: Iterable<File>): void {
    const images = [...files];
    if (images.length === 0) return;
    this.open();
    for (const image of images) this.waiting.push(this.upload(image, this.model.value));
    while (this.sending < atOnce && this.waiting.length > 0) void this.next();
  }

  private async next(): Promise<void> {
    const upload = this.waiting.shift();
    if (!upload) return;
    this.sending++;
    await upload();
    this.sending--;
    await this.next();
  }

  /** Shows the file in the list, and gives what sends it. */
  private upload(image: File, model: string): () => Promise<void> {
    const progress = h("progress", { max: 1, value: 0, "aria-label": `Sent of ${image.name}` });
    const outcome = h("span", { class: "outcome" }, progress);
    this.list.prepend(h("li", {}, h("bdi", { class: "name" }, image.name), outcome));
    return async () => {
      try {
        const { results } = await service.inspect(image, { model }, (share) => {
          progress.value = share;
        });
        outcome.replaceChildren(...results.map((result) => this.answer(result)));
      } catch (error) {
        outcome.replaceChildren(h("span", { class: "problem" }, (error as Error).message));
      }
    };
  }

  private answer(result: Parameters<Line["show"]>[0]): HTMLElement {
    const look = () => {
      this.dialog.close();
      this.line.show(result);
    };
    const { verdict, error } = result;
    return h(
      "button",
      { type: "button", class: verdict, click: look },
      verdictIcon(verdict),
      error ? error.message : words[verdict],
    );
  }
}

customElements.define("uflow-upload", UploadDialog);
