import { Graph } from "./graph.js";
import * as op from "./operators.js";
import type { RunGate } from "./run-gate.js";
import { serialize } from "./serialize.js";
import { Session } from "./session.js";

/** Whether the device "auto" is the CPU on this machine: a network of one operator is opened. */
export async function usesCpu(gate: RunGate | undefined): Promise<boolean> {
  const g = new Graph();
  g.output("y", op.relu(g, g.input("x", [1])));
  const session = await Session.create(serialize(g), { device: "auto", threads: 1, gate });
  await session.close();
  return session.device === "cpu";
}
