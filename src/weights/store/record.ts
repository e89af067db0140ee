import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, UflowError } from "../../error.js";
import { writeFileAtomic } from "../../output/atomic-file.js";
import { weightKinds } from "./describe.js";

/** A name is a file name on every system. */
export const backboneName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, _ and -, a letter or digit first");

const fileSchema = z.strictObject({
  /** SHA-256 of the content, hexadecimal: what the content is found by. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  kind: z.enum(weightKinds),
  /** The address from which it was downloaded, or the name of the file that was imported. */
  source: z.string(),
  /** When it was stored, ISO 8601. */
  stored: z.iso.datetime(),
  /**
   * What vouched for the content when it came: the SHA-256 that the server named, which protects from damage on the way
   * but not from the server; or nothing (`first-use`). From then on it is held to what it was.
   */
  checkedAgainst: z.enum(["server", "first-use"]),
});

/** What whoever imported a backbone of their own says of it: chosen outputs, strides, preprocessing. */
export const metadataSchema = z.record(z.string(), z.json());
export type Metadata = z.infer<typeof metadataSchema>;

const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** In the order in which the backbone takes them. */
  files: z.array(fileSchema).min(1),
  metadata: metadataSchema.optional(),
});

export type FileRecord = z.infer<typeof fileSchema>;
export type BackboneRecord = z.infer<typeof recordSchema>;

const folderOf = (home: string) => join(home, "backbones");
export const recordPath = (home: string, name: string) => join(folderOf(home), `${name}.json`);

/**
 * The record of a backbone; undefined when there is none.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when it is there but cannot be read.
 */
export async function readRecord(home: string, name: string): Promise<BackboneRecord | undefined> {
  const path = recordPath(home, name);
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (isMissing(error)) return undefined;
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `Cannot read "${path}", the record of the backbone "${name}": ${problem}. Delete it, then pull or import the backbone again`,
      { cause: error },
    );
  }
}

/** @throws UflowError ERR_UFLOW_OUTPUT. */
export async function writeRecord(home: string, name: string, record: BackboneRecord): Promise<void> {
  await writeFileAtomic(recordPath(home, name), Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
}

/** The names of all records, in order; none when nothing was stored yet. */
export async function recordNames(home: string): Promise<string[]> {
  const entries = await readdir(folderOf(home)).catch((error) => {
    if (isMissing(error)) return [];
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `Cannot read the weights store "${home}": ${messageOf(error)}`,
    );
  });
  return entries
    .filter((entry) => entry.endsWith(".json"))
    .map((entry) => entry.slice(0, -".json".length))
    .filter((name) => backboneName.safeParse(name).success)
    .sort();
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";
