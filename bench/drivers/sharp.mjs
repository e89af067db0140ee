// sharp's resize to 8 bits: a related filter with other weights, not normalised, in sharp's thread pool.
import sharp from "sharp";
import { benchOf, secondsOf } from "./in-process.mjs";

export const sharpDriver = {
  name: "sharp",
  async prepare({ task }, { image, size }) {
    if (task !== "resample") return undefined;
    sharp.concurrency(1);
    const { data, width, height, channels } = image;
    const call = () =>
      sharp(data, { raw: { width, height, channels } })
        .resize({ ...size, fit: "fill", kernel: "linear" })
        .raw()
        .toBuffer();
    return { run: async (times) => secondsOf(await benchOf(call, times).run()) };
  },
};
