/** The thread in which a foreign network is tried: ONNX Runtime is synchronous inside. */
import { parentPort, workerData } from "node:worker_threads";
import { type PlainError, toPlainError } from "../../error.js";
import { RunGate } from "../../onnx/run-gate.js";
import { type Probed, type ProbeTask, probe } from "./probe.js";

export type ProbeReply = { kind: "done"; probed: Probed } | { kind: "error"; error: PlainError };

const send = (reply: ProbeReply) => parentPort!.postMessage(reply);

probe(workerData as ProbeTask, RunGate.ofThread()).then(
  (probed) => send({ kind: "done", probed }),
  (error) => send({ kind: "error", error: toPlainError(error, "ERR_UFLOW_NETWORK") }),
);
