import { Command } from "commander";
import { printJson, say } from "./terminal.js";

export function keyCommand(): Command {
  return new Command("key")
    .description("make an API key for uflow serve")
    .argument("<name>", "of whom it is for: it appears in logs")
    .option("--json", "print key and line as one JSON document on stdout")
    .addHelpText("after", helpText)
    .action(run);
}

const helpText = `
The line with the key's hash goes to stdout, the key itself to stderr. No file has the key: keep it where it is used.

Example:
  uflow key press-3 >> keys
  uflow serve bottle.uflow --api-keys keys`;

async function run(name: string, { json }: { json?: boolean }): Promise<void> {
  const { newKey } = await import("../serve/keys.js");
  const made = newKey(name);
  if (json) return printJson(made);
  say(`The key of ${name}, shown only now:\n  ${made.key}`);
  process.stdout.write(`${made.line}\n`);
}
