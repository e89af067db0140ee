import { buffer } from "node:stream/consumers";
import { Command } from "commander";
import { messageOf, UflowError } from "../error.js";
import type { RawImage } from "../image/decode.js";
import type { Inspection, Inspector, InspectorOptions } from "../inspect/index.js";
import { withOtherAreas } from "./areas.js";
import { inOrder } from "./in-order.js";
import { type OperatingPointFlags, operatingPointOf, withOperatingPoint } from "./operating-point.js";
import {
  BuildingBar,
  duration,
  exitStatus,
  given,
  interruption,
  numeric,
  Progress,
  printable,
  printJson,
  say,
} from "./terminal.js";

interface Flags
  extends OperatingPointFlags,
    Pick<InspectorOptions, "device" | "threads" | "precision" | "maxPixels" | "region" | "ignore"> {
  out?: string;
  raw?: boolean;
  json?: boolean;
  failOnAnomaly?: boolean;
}

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("find what differs from good parts, and say how sure it is")
    .argument("<model>", "the .uflow file")
    .argument("<images...>", "images, folders, glob patterns, or - for one image on stdin")
    .option("--out <dir>", "write <name>.overlay.png and <name>.mask.png for each image here")
    .option("--raw", "with --out: also the maps as <name>.anomaly.npy and <name>.lognfa.npy");
  withOperatingPoint(command)
    .option("--device <name>", "where networks run: auto, cpu, cuda, cuda:1 … (default: auto)")
    .option("--threads <count>", "CPU threads, 0 for one per core (default: 0)", numeric)
    .option("--precision <type>", "of the networks: float32, or float16 for CUDA (default: float32)")
    .option("--max-pixels <count>", "refuse larger images (default: 64000000)", numeric);
  return withOtherAreas(command)
    .option("--fail-on-anomaly", "exit with status 3 when a part is anomalous")
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", helpText)
    .action(run);
}

const helpText = `
Exit status: 0 all inspected, 1 some image could not be, 2 wrong usage, 3 anomalies (with --fail-on-anomaly), 130 interrupted.
Pictures keep the folders of the images below the folder that all images have in common.

Example:
  uflow inspect bottle.uflow photos --out results`;

/** One image to be inspected. */
interface Job {
  /** As it is shown: the path, or "-". */
  image: string;
  source: string | Uint8Array;
  /** Paths of its pictures begin with this. */
  output: string | undefined;
}

type Result = { image: string } & Pick<
  Inspection,
  "anomalous" | "logNfa" | "anomalyScore" | "regions" | "timings"
>;

interface Failure {
  image: string;
  code: string;
  message: string;
}

/** Images under way at once: one is decoded and one is drawn while the network works on a third. */
const underWay = 3;

/** What would fail for every other image as well ends the run. */
const fatal: readonly string[] = [
  "ERR_UFLOW_OUTPUT",
  "ERR_UFLOW_LANE",
  "ERR_UFLOW_CLOSED",
  "ERR_UFLOW_NATIVE",
];

async function run(model: string, images: string[], flags: Flags): Promise<void> {
  const { out, raw = false, json = false, failOnAnomaly = false, ...others } = flags;
  const { checkInspectFlags } = await import("./inspect-flags.js");
  const options = checkInspectFlags(given({ ...operatingPointOf(others), out }), raw);
  const { Inspector } = await import("../inspect/index.js");
  const { decodeImage } = await import("../image/decode.js");
  const { checkOutputs, writePictures } = await import("./inspect-output.js");
  const jobs = await listJobs(images, out);
  await checkOutputs(jobs.flatMap(({ output }) => output ?? []));
  const signal = interruption();
  using building = new BuildingBar();
  await using inspector = await Inspector.open(model, { ...options, signal, onNetwork: building.update });
  const { maxPixels } = options;
  const work = async ({ image, source, output }: Job): Promise<Result> => {
    const start = performance.now();
    const frame = await decodeImage(source, { maxPixels });
    const decode = performance.now() - start;
    const findings =
      output === undefined
        ? await inspector.inspect(frame, { maps: "none" })
        : await drawn(output, frame, await inspector.inspect(frame));
    const { anomalous, logNfa, anomalyScore, regions, timings } = findings;
    return { image, anomalous, logNfa, anomalyScore, regions, timings: { ...timings, decode } };
  };
  const drawn = async (output: string, frame: RawImage, inspection: Inspection) => {
    await writePictures(output, frame, inspection, raw);
    return inspection;
  };
  const report = new Report(jobs.length, json, inspector);
  for await (const { item, outcome } of inOrder(jobs, underWay, work, signal)) {
    if (report.add(item.image, outcome)) break;
  }
  report.finish(out);
  process.exitCode = report.status(signal.aborted, failOnAnomaly);
}

async function listJobs(patterns: readonly string[], out: string | undefined): Promise<Job[]> {
  const { findImages } = await import("../image/find-images.js");
  const { outputNames } = await import("./inspect-output.js");
  const paths = patterns.filter((pattern) => pattern !== "-");
  const found = await findImages(paths);
  const wanted = found.filter((path) => patterns.includes(path) || !isOwnPicture(path));
  if (wanted.length < found.length) {
    const own = found.length - wanted.length;
    say(
      `Passed over: ${own} ${own === 1 ? "picture" : "pictures"} of an earlier run (*.overlay.png, *.mask.png)`,
    );
  }
  const jobs: Omit<Job, "output">[] = wanted.map((path) => ({ image: path, source: path }));
  if (patterns.includes("-")) jobs.unshift({ image: "-", source: await buffer(process.stdin) });
  if (jobs.length === 0) {
    throw new UflowError("ERR_UFLOW_BAD_IMAGE", "There is nothing to inspect but pictures of an earlier run");
  }
  const names =
    out === undefined
      ? []
      : outputNames(
          out,
          jobs.map(({ image }) => image),
        );
  return jobs.map((job, i) => ({ ...job, output: names[i] }));
}

/** Results of an earlier run may stand among the images of a folder. */
const isOwnPicture = (path: string) => /\.(overlay|mask)\.png$/.test(path);

/** What has come out so far: lines while it runs, and a summary or one document at the end. */
class Report {
  private readonly results: Result[] = [];
  private readonly errors: Failure[] = [];
  private readonly start = performance.now();
  private readonly progress: Progress | undefined;

  constructor(
    private readonly total: number,
    private readonly json: boolean,
    private readonly inspector: Pick<Inspector, "operatingPoint" | "triedDevices">,
  ) {
    // On a terminal the lines themselves show how far it is.
    if (json || !process.stdout.isTTY) this.progress = new Progress("images");
  }

  /** @returns whether to go no further. */
  add(image: string, outcome: PromiseSettledResult<Result>): boolean {
    if (outcome.status === "fulfilled") {
      this.results.push(outcome.value);
      if (!this.json) process.stdout.write(`${line(outcome.value)}\n`);
    } else this.errors.push(failure(image, outcome.reason));
    this.progress?.update(this.results.length + this.errors.length, this.total);
    return outcome.status === "rejected" && fatal.includes(this.errors.at(-1)!.code);
  }

  finish(out: string | undefined): void {
    const { results, errors, total } = this;
    /** Where the run was ended before its time. */
    const left = total - results.length - errors.length;
    this.progress?.stop();
    if (this.json) {
      const { operatingPoint, triedDevices } = this.inspector;
      printJson({ operatingPoint, triedDevices, results, errors, notInspected: left });
    }
    const seconds = (performance.now() - this.start) / 1000;
    const pace = results.length > 1 ? ` (${(results.length / seconds).toFixed(1)} per second)` : "";
    const anomalous = this.anomalous();
    say(
      `${count(results.length)} in ${duration(seconds)}${pace}: ${anomalous} anomalous, ${results.length - anomalous} good`,
    );
    say(`(${this.inspector.operatingPoint.text}; on ${this.inspector.triedDevices.at(-1)!.device})`);
    if (left > 0) say(`${count(left)} of ${total} not inspected`);
    if (errors.length > 0) say(`${count(errors.length)} could not be inspected:`);
    for (const { message, code } of errors) say(`  ${message} (${code})`);
    if (results.length === 0) return;
    say(
      out === undefined
        ? "Next: add --out DIR to see where, in pictures"
        : `Next: look at the pictures in ${out}`,
    );
  }

  /** What is incomplete is never reported as a verdict. */
  status(interrupted: boolean, failOnAnomaly: boolean): number {
    if (interrupted) return exitStatus.interrupted;
    if (this.errors.length > 0) return exitStatus.failed;
    return failOnAnomaly && this.anomalous() > 0 ? exitStatus.anomalous : exitStatus.done;
  }

  private anomalous(): number {
    return this.results.filter(({ anomalous }) => anomalous).length;
  }
}

const count = (images: number) => `${images} ${images === 1 ? "image" : "images"}`;

function line({ image, anomalous, logNfa, anomalyScore, regions }: Result): string {
  const verdict = anomalous ? "ANOMALOUS" : "good";
  const found = `${regions.length} ${regions.length === 1 ? "region" : "regions"}`;
  const numbers = `log NFA ${logNfa.toFixed(1).padStart(7)}  score ${anomalyScore.toFixed(3)}  ${found.padEnd(10)}`;
  return printable(`${verdict.padEnd(9)}  ${numbers}  ${image}`);
}

function failure(image: string, error: unknown): Failure {
  const code = error instanceof UflowError ? error.code : "ERR_UFLOW_INTERNAL";
  const message = messageOf(error);
  return { image, code, message };
}
