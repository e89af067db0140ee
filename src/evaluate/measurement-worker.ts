/** The thread that counts pixels. It is given the maps of one image after the other, then asked for the result. */
import { parentPort, workerData } from "node:worker_threads";
import { type PlainError, toPlainError } from "../error.js";
import { yieldToEventLoop } from "../niceness.js";
import { type ImageMeasure, type MeasuredMaps, Measurement, type PixelMeasures } from "./measurement.js";

export interface MeasurementTask {
  logEpsilon: number;
}

export type MeasurementRequest = { maps: MeasuredMaps } | "result";

/** One per request, in their order. */
export type MeasurementReply = { value: ImageMeasure | PixelMeasures } | { error: PlainError };

yieldToEventLoop();
const measurement = new Measurement((workerData as MeasurementTask).logEpsilon);

function answer(request: MeasurementRequest): MeasurementReply {
  try {
    return { value: request === "result" ? measurement.result() : measurement.add(request.maps) };
  } catch (error) {
    // Anything but a UflowError is an allocation that failed: nothing else here can.
    return { error: toPlainError(error, "ERR_UFLOW_MEMORY") };
  }
}

parentPort!.on("message", (request: MeasurementRequest) => parentPort!.postMessage(answer(request)));
