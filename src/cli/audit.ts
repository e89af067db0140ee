import { Command } from "commander";
import { UflowError } from "../error.js";
import type {
  AuditStore,
  FrameRecord,
  ListOptions,
  Replay,
  Retention,
  Verification,
} from "../records/index.js";
import {
  BuildingBar,
  exitStatus,
  given,
  interruption,
  numeric,
  Progress,
  printJson,
  say,
  table,
} from "./terminal.js";

interface Filters extends Pick<ListOptions, "station" | "verdict" | "model" | "since" | "until" | "limit"> {
  json?: boolean;
}

export function auditCommand(): Command {
  return new Command("audit")
    .description(
      "look into an audit store: list, export, verify, replay and prune what was recorded of every frame",
    )
    .addCommand(listCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
    .addCommand(replayCommand())
    .addCommand(pruneCommand())
    .addHelpText("after", "\nExample:\n  uflow audit list line.db --verdict anomalous --since 2026-01-31");
}

const subcommand = (name: string, description: string) =>
  new Command(name).description(description).argument("<file>", "the audit store");

const withFilters = (command: Command) =>
  command
    .option("--station <name>", "only records of this station")
    .option("--verdict <verdict>", "only good, anomalous or undecided ones")
    .option("--since <time>", "from this time on, UTC: 2026-01-31 or 2026-01-31T08:00:00Z")
    .option("--until <time>", "before this time");

const withJson = (command: Command, example: string) =>
  command
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", `\nExample:\n  ${example}`);

/** Opens a store that is there, and closes it. */
async function withStore(file: string, work: (store: AuditStore) => Promise<void>): Promise<void> {
  const { openAuditStore } = await import("../records/audit/store.js");
  await using store = await openAuditStore(file, { create: false });
  await work(store);
}

const withModel = (command: Command) => command.option("--model <sha256>", "only records of this model");

function listCommand(): Command {
  const command = withModel(withFilters(subcommand("list", "list records, newest first")));
  return withJson(
    command.option("--limit <count>", "how many (default: 20)", numeric),
    "uflow audit list line.db --verdict anomalous",
  ).action((file: string, { json, limit = 20, ...filters }: Filters) =>
    withStore(file, async (store) => {
      const records: FrameRecord[] = [];
      for await (const record of store.list({ ...given(filters), limit, newestFirst: true }))
        records.push(record);
      if (json) return printJson({ records });
      const rows = records.map(({ time, station, verdict, logNfa, regions, image, id }) => [
        time,
        station,
        verdict,
        logNfa?.toFixed(1) ?? "",
        String(regions.length),
        image.name,
        id,
      ]);
      process.stdout.write(
        `${table([["time", "station", "verdict", "log NFA", "regions", "image", "id"], ...rows])}\n`,
      );
    }),
  );
}

interface ExportFlags extends Filters {
  out: string;
  format?: "csv" | "jsonl";
  images?: string;
}

function exportCommand(): Command {
  const command = withModel(withFilters(subcommand("export", "write records into a file, the oldest first")))
    .requiredOption("--out <file>", "the file: .csv or .jsonl (JSON lines)")
    .option("--format <name>", "csv or jsonl (default: as the file's name ends)")
    .option("--images <dir>", "write the images that were kept here")
    .option("--limit <count>", "how many (default: all)", numeric);
  return withJson(command, "uflow audit export line.db --out january.csv --until 2026-02-01").action(
    (file: string, { json, out, ...flags }: ExportFlags) =>
      withStore(file, async (store) => {
        const { exportRecords } = await import("../records/audit/export.js");
        const options = { ...given({ ...flags }), output: out, signal: interruption() };
        const written = await exportRecords(store, options);
        if (json) printJson({ output: out, ...written });
        say(`Wrote ${counted(written.records, "record")} to ${out}`);
        if (flags.images !== undefined) say(`and ${counted(written.images, "image")} to ${flags.images}`);
      }),
  );
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function verifyCommand(): Command {
  const command = subcommand(
    "verify",
    "check that no record was changed or removed, and no kept image",
  ).option("--head <place:sum>", "also that what an earlier verify printed as head is still in it");
  return withJson(command, "uflow audit verify line.db --head 1234:0f3a…").action(
    (file: string, { json, head }: { json?: boolean; head?: string }) =>
      withStore(file, async (store) => {
        const bar = new Progress("records");
        const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total);
        const options = { signal: interruption(), onProgress, ...(head && { head: linkOf(head) }) };
        const found = await store.verify(options).finally(() => bar.stop());
        if (json) printJson(found);
        else process.stdout.write(`${verified(found)}\n`);
        if (!found.intact) process.exitCode = exitStatus.failed;
      }),
  );
}

/** As `verify` prints it. */
function linkOf(text: string): { n: number; sum: string } {
  const [, n, sum] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (n !== undefined && sum !== undefined) return { n: Number(n), sum };
  throw new UflowError(
    "ERR_UFLOW_BAD_OPTION",
    `Wrong options: head: expected PLACE:SUM as "uflow audit verify" prints it, but received "${text}"`,
  );
}

function verified({ intact, records, anchor, head, images, neverArrived, problems }: Verification): string {
  const removed = anchor.n > 0 ? `, ${anchor.n} removed by retention before` : "";
  return [
    `${intact ? "INTACT" : "NOT INTACT"}  ${counted(records, "record")}${removed}, ${counted(images, "image")}`,
    ...problems,
    ...(neverArrived > 0 ? [`${counted(neverArrived, "record")} never arrived here, by their sequence`] : []),
    `head ${head.n}:${head.sum}`,
  ].join("\n");
}

interface ReplayFlags extends Omit<Filters, "model"> {
  model: string[];
  device?: "cpu" | "cuda" | "auto";
}

function replayCommand(): Command {
  const command = withFilters(subcommand("replay", "inspect the images that were kept again, and compare"))
    .requiredOption("--model <file...>", ".uflow files; each record is replayed by the one that it names")
    .option("--device <name>", "where networks run: cpu, cuda or auto (default: cpu)")
    .option("--limit <count>", "how many, the oldest first (default: all)", numeric);
  return withJson(command, "uflow audit replay line.db --model bottle.uflow --verdict anomalous").action(
    (file: string, { json, model, ...flags }: ReplayFlags) =>
      withStore(file, async (store) => {
        const { replay } = await import("../records/replay.js");
        using building = new BuildingBar();
        const result = await replay(store, {
          ...given({ ...flags }),
          models: model,
          signal: interruption(),
          onNetwork: building.update,
        });
        if (json) printJson(result);
        else process.stdout.write(`${replayed(result)}\n`);
        if (result.different.length > 0) process.exitCode = exitStatus.failed;
      }),
  );
}

function replayed({ same, different, skipped }: Replay): string {
  const { undecided, withoutImage, otherModel } = skipped;
  return [
    `${counted(same, "record")} gave the same again, bit for bit; ${different.length} did not`,
    ...different.map(({ id, fields, error }) => `${id}  ${error ?? Object.keys(fields).join(", ")}`),
    `not replayed: ${withoutImage} without image, ${otherModel} of other models, ${undecided} undecided`,
  ].join("\n");
}

function pruneCommand(): Command {
  const command = subcommand("prune", "remove the oldest records, and the images that only they have")
    .option("--days <count>", "keep what is younger", numeric)
    .option("--records <count>", "keep so many", numeric)
    .option("--bytes <count>", "keep so many bytes of database and images", numeric);
  return withJson(command, "uflow audit prune line.db --days 365").action(
    (file: string, { json, ...retention }: Retention & { json?: boolean }) =>
      withStore(file, async (store) => {
        if (Object.keys(retention).length === 0) {
          throw new UflowError("ERR_UFLOW_BAD_OPTION", "Say what to keep: --days, --records or --bytes");
        }
        const removed = await store.prune(retention);
        if (json) printJson({ removed });
        say(`Removed ${counted(removed.records, "record")} and ${counted(removed.images, "image")}`);
      }),
  );
}
