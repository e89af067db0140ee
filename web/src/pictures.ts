import type { Result } from "../../src/serve/api.ts";
import { h } from "./element.ts";
import { picture } from "./service.ts";

/** Milliseconds: a verdict does not wait longer for its picture. */
const longestWait = 1500;

/** What can be painted of one frame. What the service has not, or not yet, is missing. */
export class Pictures {
  image: HTMLImageElement | undefined;
  heat: HTMLImageElement | undefined;
  /** Fulfilled when nothing more will come. */
  readonly settled: Promise<unknown>;
  complete = false;

  constructor({ id, verdict }: Result) {
    const image = decoded(picture(id, "image.jpg"), (element) => {
      this.image = element;
    });
    // Without a verdict there are no maps.
    const heat =
      verdict !== "undecided" &&
      decoded(picture(id, "heat.png"), (element) => {
        this.heat = element;
      });
    this.settled = Promise.allSettled([image, heat]).then(() => {
      this.complete = true;
    });
  }

  /** Fulfilled when it would be wrong to wait any longer. */
  async soon(): Promise<void> {
    await Promise.race([this.settled, new Promise((resolve) => setTimeout(resolve, longestWait))]);
  }
}

async function decoded(address: string, ready: (element: HTMLImageElement) => void): Promise<void> {
  const element = h("img", { src: address, alt: "", fetchpriority: "high" });
  await element.decode();
  ready(element);
}
