import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { UflowError } from "../error.js";
import type { RawImage } from "../image/decode.js";
import { encodeNpy } from "../output/npy.js";
import type { Speed } from "./speed.js";
import { latencyOf } from "./streaming.js";

/**
 * Runs the adapter in one Python process, which measures itself, so that neither files nor pipes are in the figures. What
 * it prints goes to stderr.
 */
const program = `
import importlib.util, json, os, platform, sys, time
import numpy
answer, sys.stdout = sys.stdout, sys.stderr
adapter, seconds, files = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
sys.path.insert(0, os.path.dirname(adapter))
spec = importlib.util.spec_from_file_location("adapter", adapter)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
images = [numpy.load(path).reshape(shape) for path, shape in files]
module.inspect(images[0])
times, start = [], time.perf_counter()
while len(times) < 3 or time.perf_counter() - start < seconds:
    begin = time.perf_counter()
    module.inspect(images[len(times) % len(images)])
    times.append(1000 * (time.perf_counter() - begin))
versions = ["Python " + platform.python_version(), "numpy " + numpy.__version__]
if "torch" in sys.modules:
    versions.append("torch %s, %d threads" % (sys.modules["torch"].__version__, sys.modules["torch"].get_num_threads()))
print(json.dumps({"python": ", ".join(versions), "times": times}), file=answer)
`;

interface Options {
  adapter: string;
  images: readonly RawImage[];
  seconds: number;
  signal?: AbortSignal | undefined;
}

/**
 * How long the `inspect(image)` of a Python file takes with the same images: uint8 arrays [height, width, channels].
 * `UFLOW_PYTHON` names the interpreter; else it is python3.
 * @throws UflowError ERR_UFLOW_BAD_OPTION when Python or the adapter fails, saying how.
 */
export async function measureReference(options: Options): Promise<NonNullable<Speed["reference"]>> {
  const folder = await mkdtemp(join(tmpdir(), "uflow-reference-"));
  try {
    const { python, times } = await run(options, await writeImages(folder, options.images));
    const milliseconds = Math.min(...times);
    return { file: options.adapter, python, milliseconds, median: latencyOf(times).p50 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeImages(folder: string, images: readonly RawImage[]): Promise<[string, number[]][]> {
  const files: [string, number[]][] = [];
  for (const [i, { data, width, height, channels }] of images.entries()) {
    const path = join(folder, `${i}.npy`);
    await writeFile(path, encodeNpy({ data, width: width * channels, height }));
    files.push([path, [height, width, channels]]);
  }
  return files;
}

async function run(
  { adapter, seconds, signal }: Options,
  files: readonly [string, number[]][],
): Promise<{ python: string; times: number[] }> {
  const command = process.env.UFLOW_PYTHON ?? "python3";
  const args = ["-c", program, resolve(adapter), String(seconds), JSON.stringify(files)];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], signal });
  const [output, status] = await Promise.all([text(child.stdout), statusOf(child, command)]);
  if (status === 0) return JSON.parse(output);
  const message = `The reference "${adapter}" failed in ${command} (${status}): it must have a function inspect(image) that takes a uint8 array [height, width, channels]; what Python said is above`;
  throw new UflowError("ERR_UFLOW_BAD_OPTION", message);
}

async function statusOf(child: ChildProcess, command: string): Promise<number | string> {
  try {
    const [status, signal] = await once(child, "close");
    return status ?? signal;
  } catch (cause) {
    if ((cause as Error).name === "AbortError") throw cause;
    const message = `Cannot run "${command}": ${(cause as Error).message}. UFLOW_PYTHON names another interpreter`;
    throw new UflowError("ERR_UFLOW_BAD_OPTION", message, { cause });
  }
}
