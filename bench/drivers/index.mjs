// Who is measured. A driver is
//   { name, heavy?, prepare(trial, inputs, expected) }
// where prepare resolves to { difference?, run(times) → seconds[], close?() }, to nothing where the driver does not do
// the trial's task, and rejects with NotAvailable where it cannot on this machine. `expected` is the result of our
// kernels and `difference` the distance from it, where the task can be compared.
// `heavy` ones do the trials marked `small` only. Adding a peer is one line.
import { loadAddon } from "../../dist/kernels/addon.js";
import * as kernels from "../../dist/kernels/index.js";
import { inProcess } from "./in-process.mjs";
import { instructionSet } from "./instruction-set.mjs";
import { sharpDriver } from "./sharp.mjs";

export const ours = inProcess("ours", kernels);

/** All drivers but ours; `official` is the path of the user's adapter, if there is one. */
export function peers(python, official) {
  return [
    inProcess("plain", loadAddon().plain),
    instructionSet("baseline"),
    instructionSet("avx2"),
    python.peer("NumPy", "with_numpy.py", []),
    python.peer("PyTorch", "with_torch.py", ["torch"]),
    python.peer("scikit-image", "with_skimage.py", ["skimage", "scipy", "torch"]),
    python.peer("SciPy", "with_scipy.py", ["scipy", "torch"]),
    python.peer("SciPy quad", "with_quad.py", ["scipy", "torch"], { heavy: true }),
    python.peer("Pillow", "with_pillow.py", ["PIL"]),
    sharpDriver,
    ...(official ? [python.adapter("official", official)] : []),
  ];
}
