import { Command } from "commander";
import type { InspectorOptions } from "../inspect/index.js";
import type { ServiceOptions } from "../serve/options.js";
import { type OperatingPointFlags, operatingPointOf, withOperatingPoint } from "./operating-point.js";
import { exitStatus, given, interruption, numeric, printJson, say } from "./terminal.js";

type InspectorFlags = Pick<
  InspectorOptions,
  "device" | "lanes" | "threads" | "batchSize" | "batchWait" | "queueSize" | "precision" | "maxPixels"
>;

interface Flags
  extends OperatingPointFlags,
    InspectorFlags,
    Omit<ServiceOptions, "models" | "modelsFolder" | "inspector" | "sinks"> {
  models?: string;
  json?: boolean;
}

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("inspect over HTTP, with a console for the browser")
    .argument("[files...]", "the .uflow files, each a model called as its file is")
    .option("--host <address>", "where to listen; 0.0.0.0 lets others in (default: 127.0.0.1)")
    .option("--port <number>", "0 for any that is free (default: 8080)", numeric)
    .option("--models <dir>", "a folder from which models can be loaded and swapped at run time")
    .option("--api-keys <file>", "let in only who has a key of this file (uflow key)")
    .option("--cors <origin>", "let pages of this origin read answers, as https://mes.example");
  addSinks(command);
  addInspectorOptions(command);
  addLimits(command);
  return command
    .option("--log-level <level>", "of the log on stderr: trace … fatal, silent (default: info)")
    .option("--json", "print where it listens as one JSON document on stdout")
    .addHelpText("after", helpText)
    .action(run);
}

const helpText = `
SIGTERM and Ctrl-C end it: what was taken on is answered first. Exit status: 0 all was answered, 1 not in time.

Example:
  uflow serve bottle.uflow
  curl --data-binary @part.png -H 'Content-Type: image/png' http://127.0.0.1:8080/v1/inspect`;

function addSinks(command: Command): void {
  command
    .option("--audit <file>", "append a record of every image to this store (uflow audit)")
    .option("--audit-images <which>", 'that it keeps: all, "not good" or none (default: none)')
    .option("--records <dir>", "write records into this folder, with pictures of what is not good")
    .option("--mqtt <url>", "publish verdicts on this broker, as mqtt://host:1883")
    .option("--webhook <url>", "post verdicts to this address");
}

function addInspectorOptions(command: Command): void {
  withOperatingPoint(command)
    .option("--device <name>", "where networks run: auto, cpu or cuda (default: auto)")
    .option(
      "--lanes <count>",
      "images inspected at the same time, or auto to measure (default: 1)",
      numberOrAuto,
    )
    .option("--threads <count>", "CPU threads of a lane, 0 to divide the cores (default: 0)", numeric)
    .option("--batch-size <count>", "images per run of the network (default: 1)", numeric)
    .option("--batch-wait <ms>", "that an image waits for others of its batch (default: 0)", numeric)
    .option("--queue-size <count>", "images that may wait; more get status 429 (default: 1024)", numeric)
    .option("--precision <type>", "of the networks: float32, or float16 for CUDA (default: float32)")
    .option("--max-pixels <count>", "refuse larger images (default: 64000000)", numeric);
}

function addLimits(command: Command): void {
  command
    .option("--body-limit <bytes>", "of one request (default: 33554432)", numeric)
    .option("--bodies-limit <bytes>", "of all requests under way (default: 536870912)", numeric)
    .option("--images-limit <count>", "in one request (default: 64)", numeric)
    .option("--history-results <count>", "that are kept in memory (default: 1000)", numeric)
    .option("--history-bytes <bytes>", "of their images and maps (default: 268435456)", numeric)
    .option("--request-timeout <ms>", "for a request to arrive (default: 60000)", numeric)
    .option("--shutdown-timeout <ms>", "to answer what was taken on (default: 30000)", numeric);
}

const numberOrAuto = (value: string) => (value === "auto" ? value : numeric(value));

async function run(files: string[], { json, ...flags }: Flags): Promise<void> {
  // Who reads the log may go: inspection goes on without it.
  process.stderr.on("error", () => {});
  const { startService } = await import("../serve/index.js");
  const service = await startService(optionsOf(files, flags));
  const { url } = service;
  if (json) printJson({ url });
  else say(`Open ${url}/`);
  const signal = interruption();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  process.exitCode = (await service.close()) ? exitStatus.done : exitStatus.failed;
}

function optionsOf(files: string[], flags: Omit<Flags, "json">): ServiceOptions {
  const { device, lanes, threads, batchSize, batchWait, queueSize, precision, maxPixels, ...others } = flags;
  const { epsilon, falseRejects, confidence, preset, nfa, background, tail, tests, models, ...service } =
    others;
  const point = { epsilon, falseRejects, confidence, preset, nfa, background, tail, tests };
  const lane = { device, lanes, threads, batchSize, batchWait, queueSize, precision, maxPixels };
  const inspector = operatingPointOf(given({ ...point, ...lane })) as InspectorOptions;
  return given({ ...service, models: files, modelsFolder: models, inspector });
}
