import { SingleBar } from "cli-progress";
import type { Command } from "commander";
import { buildingOf, type NetworkProgress } from "../backbone/network-progress.js";
import { messageOf, UflowError } from "../error.js";

/** What a command's exit status means; `interrupted` is what shells report of a process that Ctrl-C has ended. */
export const exitStatus = { done: 0, failed: 1, usage: 2, anomalous: 3, interrupted: 130 } as const;

/** For people: to stderr, so that stdout belongs to results. */
export function say(text: string): void {
  process.stderr.write(`${text.split("\n").map(printable).join("\n")}\n`);
}

/** A line without what a terminal would obey: names of files and folders may hold anything. */
export const printable = (line: string) => line.replace(/\p{Cc}/gu, "\ufffd");

/** A command's one JSON document. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

export function printError(error: unknown, json: boolean): void {
  const code = error instanceof UflowError ? error.code : "ERR_UFLOW_INTERNAL";
  if (json) printJson({ error: { code, message: messageOf(error) } });
  say(`uflow: ${messageOf(error)} (${code})`);
  if (!(error instanceof UflowError) && error instanceof Error && error.stack) say(error.stack);
}

/** Aborts at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      say("\nuflow: stopping … (once more to stop at once)");
      controller.abort();
      return;
    }
    // A progress bar hides the cursor.
    if (process.stderr.isTTY) process.stderr.write("\x1b[?25h");
    // By the signal itself: process.exit() waits until no thread is in ONNX Runtime.
    process.off(name, onSignal);
    process.kill(process.pid, name);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

/** A progress bar on a terminal; a line every few seconds where there is none (logs, CI). */
export class Progress {
  private readonly bar: SingleBar | undefined;
  private lastLine = performance.now();

  private readonly label: string;

  constructor(
    name: string,
    private readonly unit: "count" | "percent" = "count",
  ) {
    const label = printable(name);
    this.label = label;
    if (!process.stderr.isTTY) return;
    const amount = unit === "count" ? "{value}/{total}" : "{percentage} %";
    this.bar = new SingleBar({
      format: `${label} {bar} ${amount}  {note}`,
      stream: process.stderr,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
    });
  }

  update(done: number, total: number, note = ""): void {
    if (this.bar) {
      if (!this.bar.isActive) this.bar.start(total, 0, { note: "" });
      this.bar.update(done, { note });
    } else if (done === total || performance.now() - this.lastLine > 5000) {
      this.lastLine = performance.now();
      const amount = this.unit === "count" ? ` ${done}/${total}` : `: ${Math.floor((100 * done) / total)} %`;
      say(`${this.label}${amount}  ${note}`.trimEnd());
    }
  }

  stop(): void {
    this.bar?.stop();
  }
}

/** A bar while the network of a backbone is built; it ends when that is there, or with the command. */
export class BuildingBar implements Disposable {
  private bar: Progress | undefined;

  readonly update = ({ backbone, done, total }: NetworkProgress): void => {
    this.bar ??= new Progress(buildingOf(backbone), "percent");
    this.bar.update(done, total);
    if (done === total) this[Symbol.dispose]();
  };

  [Symbol.dispose](): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

/** 75 → "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Columns padded to their widest cell; numbers are strings already. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** For options that are numbers. What is none stays text, so that the library names it with all else that is wrong. */
export function numeric(text: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** Options of the library that are typed by another name. */
const attributes: Record<string, string> = {
  output: "out",
  "falseRejects.oneIn": "falseRejects",
  "falseRejects.confidence": "confidence",
  modelsFolder: "models",
};

/**
 * What the library says of wrong options, with their names as they are typed for this command: `flowSteps: …` →
 * `--flow-steps: …`, `region.height: …` → `--region: height: …`.
 */
export function asTyped(message: string, { options, registeredArguments }: Command): string {
  const typed = new Map([
    ...registeredArguments.map((argument) => [argument.name(), `<${argument.name()}>`] as const),
    ...options.map((option) => [option.attributeName(), option.long] as const),
  ]);
  const asFlag = (path: string) => {
    const name = path.replace(/^inspector\./, "");
    const whole = typed.get(attributes[name] ?? name);
    if (whole !== undefined) return whole;
    const [first, ...parts] = name.split(".");
    return [typed.get(first!) ?? first, ...parts].join(": ");
  };
  return message
    .replace(/^Wrong options for [^:]+:/, "Wrong options:")
    .replace(/(?<=[:;] )[\w.]+(?=: )/g, asFlag)
    .replace(/expected \w+, but received nothing/g, "is needed, but was not given");
}

/** The options that were given: an absent one must be left out, so that the library's default holds. */
export function given<T extends Record<string, unknown>>(
  options: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
