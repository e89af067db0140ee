/** A thread that draws: loops over pixels would hold up the event loop. */
import { parentPort } from "node:worker_threads";
import { type PlainError, toPlainError } from "../error.js";
import { type Drawing, draw, type Resegmentation, resegment } from "./draw.js";

export type DrawRequest =
  | { id: number; kind: "draw"; drawing: Drawing }
  | { id: number; kind: "resegment"; resegmentation: Resegmentation };

export type DrawReply = { id: number; result: unknown } | { id: number; error: PlainError };

const port = parentPort!;
let last: Promise<void> = Promise.resolve();

async function answer(id: number, work: () => unknown): Promise<void> {
  try {
    port.postMessage({ id, result: await work() } satisfies DrawReply);
  } catch (error) {
    port.postMessage({ id, error: toPlainError(error, "ERR_UFLOW_LANE") } satisfies DrawReply);
  }
}

port.on("message", (request: DrawRequest) => {
  // Whoever moves a slider waits for no picture.
  if (request.kind === "resegment") return answer(request.id, () => resegment(request.resegmentation));
  // One at a time: large pictures take much memory, and libvips uses several cores for one.
  last = last.then(() => answer(request.id, () => draw(request.drawing)));
});
