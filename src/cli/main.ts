#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { UflowError } from "../error.js";
import { engineVersion } from "../version.js";
import { auditCommand } from "./audit.js";
import { backboneCommand } from "./backbone.js";
import { benchCommand } from "./bench.js";
import { calibrateCommand } from "./calibrate.js";
import { dataCommand } from "./data.js";
import { demoCommand } from "./demo.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { importCommand } from "./import.js";
import { infoCommand } from "./info.js";
import { inspectCommand } from "./inspect.js";
import { keyCommand } from "./key.js";
import { sampleCommand } from "./sample.js";
import { serveCommand } from "./serve.js";
import { asTyped, exitStatus, printError, printJson } from "./terminal.js";
import { trainCommand } from "./train.js";
import { verifyCommand } from "./verify.js";

const program = new Command("uflow")
  .exitOverride()
  .description(
    "Visual anomaly detection: learn from good parts, find the bad ones, draw where and say how sure.",
  )
  .version(engineVersion)
  .showHelpAfterError("(add --help for what can be given)")
  .addHelpText(
    "after",
    "\nFirst steps:\n  uflow demo                                  see it work, in about a minute\n  uflow train --data DIR --out part.uflow     learn from a folder of good images\n  uflow inspect part.uflow DIR --out results  find what differs",
  );

// Most of the library is slow to load: a command imports what it needs when it runs.
for (const command of [
  demoCommand,
  sampleCommand,
  dataCommand,
  trainCommand,
  calibrateCommand,
  inspectCommand,
  evaluateCommand,
  serveCommand,
  keyCommand,
  infoCommand,
  benchCommand,
  verifyCommand,
  importCommand,
  exportCommand,
  auditCommand,
  backboneCommand,
]) {
  addCommand(program, command());
}

function addCommand(parent: Command, command: Command): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  for (const each of command.commands) each.copyInheritedSettings(command);
}

// A reader that has seen enough, like head, is no failure: what is written elsewhere may still be wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  printError(new UflowError("ERR_UFLOW_OUTPUT", `Cannot write to stdout: ${error.message}`), false);
  process.exit(exitStatus.failed);
});
// Where nothing more can be said, the status still tells how it ended.
process.stderr.on("error", () => {});

/** The command that runs. */
let running: Command = program;
program.hook("preAction", (_, command) => {
  running = command;
});

try {
  await program.parseAsync();
} catch (error) {
  const json = process.argv.includes("--json");
  process.exitCode = error instanceof CommanderError ? endOfParsing(error, json) : endOfCommand(error, json);
}

/** Commander has said already what is wrong, or has shown the help that was asked for. */
function endOfParsing({ exitCode, message }: CommanderError, json: boolean): number {
  if (exitCode === 0) return exitStatus.done;
  if (json) {
    printJson({ error: { code: "ERR_UFLOW_BAD_OPTION", message: message.replace(/^error: /, "") } });
  }
  return exitStatus.usage;
}

function endOfCommand(error: unknown, json: boolean): number {
  printError(error instanceof UflowError ? inWordsOfCommandLine(error) : error, json);
  return statusOf(error);
}

function inWordsOfCommandLine(error: UflowError): UflowError {
  if (error.code !== "ERR_UFLOW_BAD_OPTION") return error;
  return new UflowError(error.code, asTyped(error.message, running), { cause: error });
}

function statusOf(error: unknown): number {
  const code = error instanceof UflowError ? error.code : undefined;
  if (code === "ERR_UFLOW_ABORTED") return exitStatus.interrupted;
  return code === "ERR_UFLOW_BAD_OPTION" ? exitStatus.usage : exitStatus.failed;
}
