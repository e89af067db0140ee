import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";
import { messageOf } from "../../error.js";
import { badDataset } from "./folder.js";

/** One line of a table: what stands in its columns, and where it stands. */
export type Row<Column extends string> = Record<Column, string> & { line: number };

/** A table longer than this is none of paths: a line is some hundred bytes. */
const mostBytes = 256 * 2 ** 20;

/**
 * Reads a CSV file (RFC 4180, UTF-8) whose first line names its columns, in any order; columns that are not wanted are
 * passed over, and empty lines too.
 * @throws UflowError ERR_UFLOW_BAD_DATASET, with the line, when it cannot be read, or a column is missing or there twice.
 */
export async function readTable<Column extends string>(
  path: string,
  columns: readonly Column[],
): Promise<Row<Column>[]> {
  const bytes = await readFile(path).catch((error) => {
    throw badDataset(path, `it cannot be read: ${messageOf(error)}`, error);
  });
  if (bytes.length > mostBytes) throw badDataset(path, `it has ${bytes.length} bytes, too many for a list`);
  const lines = parseLines(path, bytes);
  const missing = columns.filter((column) => !lines.names.includes(column));
  if (missing.length > 0) {
    throw badDataset(
      path,
      `its first line must name the columns ${columns.join(", ")}, but ${missing.join(", ")} is not among "${lines.names.join(",")}"`,
    );
  }
  const twice = columns.find((column) => lines.names.indexOf(column) !== lines.names.lastIndexOf(column));
  if (twice !== undefined) throw badDataset(path, `its first line names the column ${twice} twice`);
  return lines.rows as Row<Column>[];
}

function parseLines(path: string, bytes: Buffer): { names: string[]; rows: Record<string, unknown>[] } {
  let names: string[] = [];
  try {
    const records: { record: Record<string, string>; info: { lines: number } }[] = parse(bytes, {
      bom: true,
      columns: (header: string[]) => {
        names = header.map((name) => name.trim());
        return names;
      },
      info: true,
      max_record_size: 65536,
      skip_empty_lines: true,
      trim: true,
    });
    return { names, rows: records.map(({ record, info }) => ({ ...record, line: info.lines })) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw badDataset(path, messageOf(error), error);
  }
}
