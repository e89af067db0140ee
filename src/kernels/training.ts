/** The kernels that only training needs. Synchronous; wrong arguments end in a UflowError, as in index.ts. */
import { loadAddon } from "./addon.js";
import { checked } from "./checked.js";
import type { TrainingKernels } from "./types.js";

const addon = loadAddon();

export const gradientNorm: TrainingKernels["gradientNorm"] = checked("gradientNorm", addon.gradientNorm);
export const adamStep: TrainingKernels["adamStep"] = checked("adamStep", addon.adamStep);
