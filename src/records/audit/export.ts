import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { UflowError } from "../../error.js";
import { parseOptions } from "../../options.js";
import { AtomicFile, checkWritable, writeFileAtomic } from "../../output/atomic-file.js";
import { csvLine } from "../../output/csv.js";
import { pictureFile } from "../picture-file.js";
import type { FrameRecord } from "../record.js";
import { segment } from "../segment.js";
import type { AuditStore, ListOptions } from "./store.js";

export interface ExportRecordsOptions extends ListOptions {
  /** The file to write. */
  output: string;
  /** `csv`: a line per record, of what fits there. `jsonl`: a record per line, whole. Default: as the file's name ends. */
  format?: "csv" | "jsonl" | undefined;
  /** Folder to write the images into that were kept, as `<id>.<extension>`. */
  images?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number) => void) | undefined;
}

const schema = z.object({
  output: z.string().min(1),
  format: z.enum(["csv", "jsonl"], "expected csv or jsonl, or a file that ends so"),
  images: z.string().min(1).optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/** Records are written in pieces of so many characters. */
const pieceLength = 2 ** 18;

/**
 * Writes records into a file, which appears when it is whole.
 * @returns how many records and images were written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_RECORDS.
 */
export async function exportRecords(
  store: AuditStore,
  options: ExportRecordsOptions,
): Promise<{ records: number; images: number }> {
  const { output, format: _, images: folder, signal, onProgress, ...list } = options;
  const format = options.format ?? /\.(csv|jsonl)$/.exec(output)?.[1];
  const lineOf = linesAs[parseOptions("exportRecords", schema, { ...options, format }).format];
  await checkWritable(output);
  const file = await AtomicFile.start(dirname(output), output);
  const written = { records: 0, images: 0 };
  try {
    let piece = format === "csv" ? csvLine(Object.keys(columns)) : "";
    for await (const record of store.list(list)) {
      if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "The export was cancelled");
      if (folder !== undefined && (await exportImage(store, record, folder))) written.images++;
      piece += lineOf(record);
      written.records++;
      onProgress?.(written.records);
      if (piece.length < pieceLength) continue;
      await file.append(Buffer.from(piece));
      piece = "";
    }
    await file.append(Buffer.from(piece));
    await file.finish(basename(output));
    return written;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

const columns: Record<string, (record: FrameRecord) => unknown> = {
  id: ({ id }) => id,
  time: ({ time }) => time,
  sequence: ({ sequence }) => sequence,
  station: ({ station }) => station,
  image: ({ image }) => image.name,
  imageSha256: ({ image }) => image.sha256,
  width: ({ image }) => image.width,
  height: ({ image }) => image.height,
  model: ({ model }) => model.name,
  modelSha256: ({ model }) => model.sha256,
  verdict: ({ verdict }) => verdict,
  logNfa: ({ logNfa }) => logNfa,
  anomalyScore: ({ anomalyScore }) => anomalyScore,
  regions: ({ regions }) => regions.length,
  milliseconds: ({ timings }) => timings?.total,
  operatingPoint: ({ settings }) => settings.operatingPoint.text,
  error: ({ error }) => error?.message,
};

const linesAs: Record<"csv" | "jsonl", (record: FrameRecord) => string> = {
  csv: (record) => csvLine(Object.values(columns).map((column) => column(record) ?? "")),
  jsonl: (record) => `${JSON.stringify(record)}\n`,
};

async function exportImage(store: AuditStore, record: FrameRecord, folder: string): Promise<boolean> {
  const image = await store.image(record);
  if (!image) return false;
  const { extension, bytes } = await pictureFile(image);
  await writeFileAtomic(join(folder, `${segment(record.id)}.${extension}`), bytes);
  return true;
}
