import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { messageOf, UflowError } from "../error.js";
import { fileSum } from "../input/file-sum.js";
import { Inspector } from "../inspect/index.js";
import type { Inspection } from "../inspect/inspection.js";
import type { InspectorOptions } from "../inspect/options.js";
import { parseOptions } from "../options.js";
import type { AuditStore, ListOptions } from "./audit/store.js";
import { imageSum } from "./image-sum.js";
import type { FrameRecord, RecordedImage } from "./record.js";

export interface ReplayOptions extends ListOptions, Pick<BuildOptions, "onNetwork"> {
  /** Paths of `.uflow` files; a record is replayed by the one that has the SHA-256 of its model. */
  models: readonly string[];
  /** Default `cpu`, where the same inspection gives the same bits. */
  device?: InspectorOptions["device"];
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; different: number }) => void) | undefined;
}

/** The fields of a record that must come out again. */
const compared = ["verdict", "logNfa", "anomalyScore", "regions", "meanEnergies"] as const;
export type ComparedField = (typeof compared)[number];

export interface Difference {
  id: string;
  /** By field: what was recorded, and what came out. Empty where the image could not be inspected again: see `error`. */
  fields: Partial<Record<ComparedField, { recorded: unknown; replayed: unknown }>>;
  error?: string;
}

export interface Replay {
  /** Records that gave the same again, in every bit. */
  same: number;
  different: Difference[];
  /** Records that were not replayed. */
  skipped: {
    /** There was no verdict. */
    undecided: number;
    /** The image was not kept. */
    withoutImage: number;
    /** The model is none of those given. */
    otherModel: number;
  };
}

const schema = z.object({
  models: z.array(z.string().min(1)).min(1),
  device: z.string().default("cpu"),
  ...buildShape,
});

/**
 * Inspects the images that a store has kept once more, each by the model and with the options of its record, and compares
 * verdict, log NFA, score, regions and energies with what was recorded: to the bit.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_RECORDS; what `Inspector.open()` throws.
 */
export async function replay(store: AuditStore, options: ReplayOptions): Promise<Replay> {
  const { models, device, signal, onNetwork, onProgress, ...list } = options;
  parseOptions("replay", schema, options);
  await using inspectors = new Inspectors(await sumsOf(models), device ?? "cpu", {
    signal,
    onNetwork,
  });
  const result: Replay = {
    same: 0,
    different: [],
    skipped: { undecided: 0, withoutImage: 0, otherModel: 0 },
  };
  let done = 0;
  for await (const record of store.list(list)) {
    if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "The replay was cancelled");
    const outcome = await replayOne(store, inspectors, record);
    if (outcome === "same") result.same++;
    else if (typeof outcome === "string") result.skipped[outcome]++;
    else result.different.push(outcome);
    onProgress?.({ done: ++done, different: result.different.length });
  }
  return result;
}

async function sumsOf(paths: readonly string[]): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (const path of paths) {
    const sum = await fileSum(path).catch((error) => {
      throw new UflowError("ERR_UFLOW_BAD_MODEL", `Cannot read "${path}": ${messageOf(error)}`, {
        cause: error,
      });
    });
    sums.set(sum, path);
  }
  return sums;
}

/** What became of one record. */
type Outcome = "same" | keyof Replay["skipped"] | Difference;

async function replayOne(store: AuditStore, inspectors: Inspectors, record: FrameRecord): Promise<Outcome> {
  if (record.verdict === "undecided") return "undecided";
  const inspector = await inspectors.of(record);
  if (!inspector) return "otherModel";
  const { id } = record;
  try {
    const image = await store.image(record);
    if (!image) return "withoutImage";
    await checkSum(image, record);
    const fields = differences(record, await inspector.inspect(image));
    return Object.keys(fields).length === 0 ? "same" : { id, fields };
  } catch (error) {
    return { id, fields: {}, error: messageOf(error) };
  }
}

async function checkSum(image: RecordedImage, record: FrameRecord): Promise<void> {
  if ((await imageSum(image)) === record.image.sha256) return;
  throw new UflowError("ERR_UFLOW_BAD_IMAGE", "The image that was kept is another one than was inspected");
}

function differences(record: FrameRecord, inspection: Inspection): Difference["fields"] {
  // As JSON, since that is how numbers were recorded: exactly, but −0 as 0.
  const replayed = JSON.parse(JSON.stringify(inspection)) as Inspection;
  const differing = compared.filter((field) => !isDeepStrictEqual(record[field], replayed[field]));
  return Object.fromEntries(
    differing.map((field) => [field, { recorded: record[field], replayed: replayed[field] }]),
  );
}

/** The inspector of the last record, since that of the next is mostly the same. */
class Inspectors implements AsyncDisposable {
  private key = "";
  private inspector: Inspector | undefined;

  constructor(
    private readonly models: ReadonlyMap<string, string>,
    private readonly device: NonNullable<InspectorOptions["device"]>,
    private readonly build: BuildOptions,
  ) {}

  async of({ model, settings }: FrameRecord): Promise<Inspector | undefined> {
    const path = this.models.get(model.sha256);
    if (path === undefined) return undefined;
    const options = { ...settings.options, device: this.device };
    const key = JSON.stringify([path, options]);
    if (key === this.key) return this.inspector;
    await this[Symbol.asyncDispose]();
    this.inspector = await Inspector.open(path, { ...options, ...this.build });
    this.key = key;
    return this.inspector;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.key = "";
    await this.inspector?.close();
    this.inspector = undefined;
  }
}
