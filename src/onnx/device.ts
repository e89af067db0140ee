/** Where a network runs: `cuda:1` is the second GPU, `cuda` the first. */
export type DeviceName = "cpu" | "cuda" | `cuda:${number}`;

/** `auto` takes CUDA where it works, else the CPU. */
export type Device = "auto" | DeviceName;

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
