import { encodeNpy } from "../output/npy.js";
import type { Evidence } from "../records/record.js";
import { Thread } from "../thread.js";
import type { PictureName } from "./api.js";
import type { Drawing, Resegmentation, resegment } from "./draw.js";
import { Refusal } from "./refusal.js";

/** Pictures that may wait to be drawn. */
const mostWaiting = 256;

/** What the thread is asked for. */
export interface DrawCalls {
  draw(drawing: Drawing): Promise<Uint8Array>;
  resegment(resegmentation: Resegmentation): ReturnType<typeof resegment>;
}

const newThread = () => new Thread<DrawCalls>("pictures", new URL("./draw-worker.js", import.meta.url));

/** Draws pictures of results in a thread of its own: loops over pixels would hold up the event loop. */
export class Pictures {
  /** One at a time: large pictures take much memory, and libvips uses several cores for one. */
  private readonly drawing = newThread();
  /** Whoever moves a slider waits for no picture. */
  private readonly segmenting = newThread();
  private waiting = 0;

  constructor(private readonly maxPixels: number) {}

  /**
   * @param side image.jpg only: reduces it to this longest side, pixels
   * @throws Refusal 404 where there is no verdict to be drawn, 429 when too many wait.
   */
  async draw(picture: PictureName, { image, inspection }: Evidence, side?: number): Promise<Uint8Array> {
    const { maxPixels } = this;
    if (picture === "image.jpg") {
      return await this.bounded(() => this.drawing.call("draw", { picture, image, side, maxPixels }));
    }
    if (!inspection) throw new Refusal(404, `There is no ${picture} of an image without a verdict`);
    if (picture === "anomaly.npy") return encodeNpy(inspection.anomalyMap);
    if (picture === "lognfa.npy") return encodeNpy(inspection.logNfaMap);
    const drawing: Drawing =
      picture === "overlay.png" ? { picture, image, inspection, maxPixels } : { picture, inspection };
    return await this.bounded(() => this.drawing.call("draw", drawing));
  }

  /** What another ε detects: some milliseconds at 256². @throws Refusal 429. */
  async resegment(resegmentation: Resegmentation): Promise<ReturnType<typeof resegment>> {
    const { logNfaMap, anomalyMap, area, logEpsilon } = resegmentation;
    const only = { logNfaMap, anomalyMap, area, logEpsilon };
    return await this.bounded(() => this.segmenting.call("resegment", only));
  }

  /** Draws what waits, and ends the threads. */
  async close(): Promise<void> {
    await Promise.all([this.drawing.close(), this.segmenting.close()]);
  }

  private async bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting >= mostWaiting) {
      throw new Refusal(429, `${mostWaiting} pictures wait to be drawn already`);
    }
    this.waiting += 1;
    try {
      return await work();
    } finally {
      this.waiting -= 1;
    }
  }
}
