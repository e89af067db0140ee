import { z } from "zod";

/** Where a network runs: `cuda:1` is the second GPU, `cuda` the first. */
export type DeviceName = "cpu" | "cuda" | `cuda:${number}`;

/** `auto` takes CUDA where it works, else the CPU. */
export type Device = "auto" | DeviceName;

const names = /^(cpu|cuda(:(0|[1-9]\d?))?)$/;

export const deviceNameSchema = z.custom<DeviceName>(
  (value) => typeof value === "string" && names.test(value),
  'expected "cpu", "cuda" or "cuda:" and the number of a GPU',
);

export const deviceSchema = z.custom<Device>(
  (value) => typeof value === "string" && (value === "auto" || names.test(value)),
  'expected "auto", "cpu", "cuda" or "cuda:" and the number of a GPU, 0 … 99',
);

/** A device that was tried, in the order of trying. */
export interface TriedDevice {
  device: DeviceName;
  /** The last one of those that were tried, where a network was opened. */
  taken: boolean;
  /** Why it was not taken. */
  reason?: string;
}

/** The devices to try, one after the other. */
export function devicesToTry(device: Device): readonly DeviceName[] {
  return device === "auto" ? ["cuda", "cpu"] : [device];
}

/** What ONNX Runtime calls it. */
export function executionProvider(device: DeviceName): "cpu" | { name: "cuda"; deviceId: number } {
  if (device === "cpu") return "cpu";
  return { name: "cuda", deviceId: Number(device.split(":")[1] ?? 0) };
}
