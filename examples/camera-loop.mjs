// A camera of 30 frames per second, inspected as it runs: node examples/camera-loop.mjs [MODEL] [PICTURES] [FRAMES]
// The camera is simulated from pictures, by default those of `npm run demo`: 8 bits per pixel behind a Bayer filter. Its own
// memory holds a few frames; what comes while that is full is lost, as it is in a real one, and counted.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { Inspector } from "uflow";

const [model = "uflow-demo/plate.uflow", pictures = "uflow-demo/line/plate/test/good", count = "300"] =
  process.argv.slice(2);

const framesPerSecond = 30;

/** Frames that the camera itself can hold. */
const memory = 4;

/** Milliseconds until the part is at the gate: a verdict that comes later is of no use. */
const deadline = 150;

/** Of good parts nobody looks at the maps; without them the line is faster. */
const maps = "anomalous";

class Camera {
  lost = 0;
  #frames = [];
  #taken = 0;
  #exposures;
  #wake = () => {};

  constructor(exposures, count) {
    this.#exposures = exposures;
    this.left = count;
    this.timer = setInterval(() => this.#expose(), 1000 / framesPerSecond);
  }

  #expose() {
    if (this.left-- <= 0) this.stop();
    else if (this.#frames.length === memory) this.lost++;
    // Each frame has memory of its own, so that it can be handed over instead of copied.
    else this.#frames.push(structuredClone(this.#exposures[this.#taken++ % this.#exposures.length]));
    this.#wake();
  }

  stop() {
    this.left = 0;
    clearInterval(this.timer);
    this.#wake();
  }

  /** The stream asks for the next frame when it has room for one: that is the backpressure. */
  async *[Symbol.asyncIterator]() {
    for (;;) {
      if (this.#frames.length > 0) yield this.#frames.shift();
      else if (this.left <= 0) return;
      else
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** What a sensor behind a Bayer filter sees of a picture: of each pixel one colour. */
async function exposure(path) {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const mosaic = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = (y % 2) + (x % 2); // RGGB: red, green, green, blue
      mosaic[y * width + x] = data[3 * (y * width + x) + colour];
    }
  }
  return { data: mosaic, width, height, format: "BayerRG8" };
}

const files = (await readdir(pictures)).filter((name) => /\.(png|jpe?g)$/i.test(name)).sort();
const exposures = await Promise.all(files.map((name) => exposure(join(pictures, name))));
const inspector = await Inspector.open(model);
const camera = new Camera(exposures, Number(count));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => camera.stop());
const telling = setInterval(tell, 1000);

for await (const outcome of inspector.stream(camera, {
  deadline,
  maps,
  transfer: true,
  station: "camera 1",
})) {
  // Here a real line moves its gate. Undecided parts are for a human, or go round again.
  if (outcome.verdict !== "good") console.log(`frame ${outcome.frame}: ${outcome.verdict}`);
}

clearInterval(telling);
tell();
await inspector.close();

function tell() {
  const { good, anomalous, undecided, throughput, latency } = inspector.stats;
  const times = latency
    ? `p50 ${latency.total.p50.toFixed(0)} ms, p99 ${latency.total.p99.toFixed(0)} ms`
    : "none yet";
  console.log(
    `${throughput.toFixed(1)} per second; good ${good}, anomalous ${anomalous}, undecided ${undecided}, lost ${camera.lost}; ${times}`,
  );
}
