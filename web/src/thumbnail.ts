import { h } from "./element.ts";
import { picture } from "./service.ts";

/** A small picture of a result, loaded when it is seen; its place stays empty where there is none, as of a file that is no image. */
export function thumbnail(id: string, side: number): HTMLImageElement {
  const element = h("img", {
    src: picture(id, "image.jpg", side),
    alt: "",
    loading: "lazy",
    fetchpriority: "low",
    error: () => element.classList.add("missing"),
  });
  return element;
}
