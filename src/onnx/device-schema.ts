/** Apart from `device.ts`, since lanes, which are given checked options, start sooner without zod. */
import { z } from "zod";
import type { Device, DeviceName } from "./device.js";

const names = /^(cpu|cuda(:(0|[1-9]\d?))?)$/;

export const deviceNameSchema = z.custom<DeviceName>(
  (value) => typeof value === "string" && names.test(value),
  'expected "cpu", "cuda" or "cuda:" and the number of a GPU',
);

export const deviceSchema = z.custom<Device>(
  (value) => typeof value === "string" && (value === "auto" || names.test(value)),
  'expected "auto", "cpu", "cuda" or "cuda:" and the number of a GPU, 0 … 99',
);
