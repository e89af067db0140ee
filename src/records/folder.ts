import { join } from "node:path";
import { z } from "zod";
import { concurrently } from "../concurrently.js";
import { parseOptions } from "../options.js";
import { ensureFolder, writeFileAtomic } from "../output/atomic-file.js";
import { Thread } from "../thread.js";
import type { PictureCalls } from "./picture-worker.js";
import { type Delivery, type Destination, QueuedSink, type QueueOptions, queueShape } from "./queued-sink.js";
import type { FrameRecord, Sink } from "./record.js";
import { segment } from "./segment.js";

export interface FolderOptions extends QueueOptions {
  /** Whose pictures are written too: image, overlay and mask. Default "not good". */
  pictures?: "all" | "not good" | "none";
}

const schema = z.strictObject({
  folder: z.string().min(1),
  pictures: z.enum(["all", "not good", "none"]).default("not good"),
  ...queueShape,
});

/**
 * Writes each record into a folder: `<day>/<station>/<id>.json`, the day in UTC, and beside it `<id>.image.*`,
 * `<id>.overlay.png` and `<id>.mask.png`. The JSON file comes last and each file at once: where it is, all is there.
 * @throws UflowError ERR_UFLOW_BAD_OPTION; ERR_UFLOW_OUTPUT when the folder cannot be made.
 */
export async function writeToFolder(folder: string, options: FolderOptions = {}): Promise<Sink> {
  const checked = parseOptions("writeToFolder", schema, { ...options, folder });
  await ensureFolder(folder);
  return new QueuedSink(destination(folder, checked), checked);
}

function destination(folder: string, { pictures, onProblem }: z.output<typeof schema>): Destination {
  // Drawing holds a thread up for tens of milliseconds.
  const thread = new Thread<PictureCalls>(
    "folder of records",
    new URL("./picture-worker.js", import.meta.url),
  );
  return {
    name: "folder",
    // A disk that is asked to flush several files at once does so in about the time of one.
    batchSize: 8,
    linger: 0,
    wanted({ verdict }, evidence) {
      return pictures === "all" || (pictures === "not good" && verdict !== "good") ? evidence : undefined;
    },
    async deliver(batch: readonly Delivery[]) {
      const files = batch.map(({ record, evidence }) => ({
        record,
        evidence,
        path: join(folder, placeOf(record)),
      }));
      const drawn = files.flatMap(({ path, evidence }) => (evidence ? [{ path, evidence }] : []));
      const problems = drawn.length > 0 ? await thread.call("writePictures", drawn) : [];
      for (const problem of problems) onProblem(`folder leaves out pictures: ${problem}`);
      await concurrently(files, files.length, ({ path, record }) =>
        writeFileAtomic(`${path}.json`, Buffer.from(`${JSON.stringify(record, null, 2)}\n`)),
      );
    },
    close: () => thread.close(),
  };
}

const placeOf = ({ time, station, id }: FrameRecord) =>
  join(segment(time.slice(0, 10)), segment(station), segment(id));
