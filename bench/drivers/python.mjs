// Python peers: modules of bench/peers with a function per task, all run by one Python process in one thread.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeNpy } from "../../dist/output/npy.js";
import { JsonLines } from "./json-lines.mjs";
import { keptMemory } from "./kept-memory.mjs";
import { NotAvailable } from "./not-available.mjs";

const folder = fileURLToPath(new URL("../peers", import.meta.url));

/** What the peers import, and the Debian packages that bring it. */
const packages = {
  numpy: "python3-numpy",
  scipy: "python3-scipy",
  torch: "python3-torch",
  skimage: "python3-skimage",
  PIL: "python3-pil",
};
const modules = Object.keys(packages);
const probe = `import importlib.util, json; print(json.dumps([m for m in ${JSON.stringify(modules)} if not importlib.util.find_spec(m)]))`;

/** One thread, freed memory kept, and no byte code left in the source folder. */
const environment = {
  ...keptMemory,
  OMP_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  NUMEXPR_NUM_THREADS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};

/** UFLOW_PYTHON, else that of the system or of the path: the one that has more of the modules. */
export function findPython() {
  const named = process.env.UFLOW_PYTHON;
  return (named ? [named] : ["/usr/bin/python3", "python3"])
    .map((command) => ({ command, missing: missingIn(command) }))
    .toSorted((a, b) => a.missing.length - b.missing.length)[0];
}

export class Python {
  #missing;
  #process;
  #inputs = mkdtempSync(join(tmpdir(), "uflow-bench-"));

  constructor() {
    const found = findPython();
    this.#missing = found.missing;
    if (found.missing.includes("numpy")) return;
    this.#process = new JsonLines(found.command, [join(folder, "serve.py")], environment);
  }

  /** Python and its modules, as one line. */
  async versions() {
    if (!this.#process) return "none";
    const there = modules.filter((module) => !this.#missing.includes(module));
    return (await this.#process.ask({ do: "versions", modules: there })).versions;
  }

  /** `file` is a module of bench/peers or an absolute path, `needs` what it imports beside NumPy. */
  peer(name, file, needs, { heavy = false } = {}) {
    return { name, heavy, prepare: (...trial) => this.#prepare(join(folder, file), needs, ...trial) };
  }

  /** The official implementation, or any other, through an adapter of the user's. */
  adapter(name, path) {
    return { name, heavy: false, prepare: (...trial) => this.#prepare(path, [], ...trial) };
  }

  close() {
    this.#process?.close();
    rmSync(this.#inputs, { recursive: true, force: true });
  }

  async #prepare(module, needs, { name, task }, inputs, expected) {
    const absent = ["numpy", ...needs].filter((one) => this.#missing.includes(one));
    if (absent.length > 0) throw new NotAvailable(howToInstall(absent));
    const answer = await this.#process.ask({
      do: "prepare",
      module,
      task,
      arguments: this.#encoded(inputs),
      expected: expected ? this.#written(expected, [expected.length]).npy : null,
    });
    if (answer.absent) throw new NotAvailable(`${name}: ${answer.absent}`);
    if (answer.absent === null) return undefined;
    return {
      difference: answer.difference ?? undefined,
      run: async (times) => (await this.#process.ask({ do: "run", times })).seconds,
    };
  }

  /** Tensors become files; the rest goes as it is. */
  #encoded(value) {
    if (ArrayBuffer.isView(value)) return this.#written(value, [value.length]);
    if (Array.isArray(value)) return value.map((item) => this.#encoded(item));
    if (ArrayBuffer.isView(value?.data)) return this.#written(value.data, shapeOf(value));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#encoded(item)]));
  }

  #files = new WeakMap();
  #count = 0;

  #written(data, shape) {
    if (!this.#files.has(data)) {
      const npy = join(this.#inputs, `${this.#count++}.npy`);
      const width = shape.at(-1);
      writeFileSync(npy, encodeNpy({ data, width, height: data.length / width }));
      this.#files.set(data, npy);
    }
    return { npy: this.#files.get(data), shape };
  }
}

function missingIn(command) {
  const { status, stdout } = spawnSync(command, ["-c", probe], { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout) : modules;
}

/** Images are [height, width, channels], latents [channels, height, width], maps and energies [height, width]. */
function shapeOf({ data, channels, height, width }) {
  if (data instanceof Uint8Array) return [height, width, channels];
  return data.length === height * width ? [height, width] : [channels, height, width];
}

export function howToInstall(absent) {
  return `Python lacks ${absent.join(", ")}; on Debian and Ubuntu: apt-get install ${absent.map((one) => packages[one]).join(" ")}; UFLOW_PYTHON names another interpreter`;
}
