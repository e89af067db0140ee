import { open } from "node:fs/promises";
import { UflowError } from "../../error.js";
import { hubRepositories } from "./known.js";

/** Formats of foreign weights that the store takes. */
export const weightKinds = ["safetensors", "torch", "onnx"] as const;
export type WeightKind = (typeof weightKinds)[number];

/** What the store asks of a file before it takes it in. */
export interface WeightsDescription {
  kind: WeightKind;
}

/** What a file is to be. */
export interface WeightsPlace {
  /** What it was called where it came from. */
  fileName: string;
  /** The name under which it is to be stored. */
  backbone: string;
  /** Its place among the files of the backbone, from 0. */
  index: number;
}

/** How whoever knows what backbones are made from refuses a file: by a UflowError ERR_UFLOW_BAD_WEIGHTS. */
export type CheckFile = (path: string, place: WeightsPlace & WeightsDescription) => Promise<void>;

/**
 * Says what a weights file is, by its first bytes. This is the one place at which files are judged before they enter the
 * store, downloads as well as imports: `check`, which knows the tensors of the backbones, is asked here.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when it is none of `weightKinds`, or of a kind that the backbone is not
 * built from; and what `check` throws.
 */
export async function describeWeights(
  path: string,
  place: WeightsPlace,
  check: CheckFile,
): Promise<WeightsDescription> {
  const { fileName, backbone } = place;
  const { start, size } = await beginningOf(path);
  const kind = kindOf(start, size, fileName);
  if (!kind) {
    throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", `"${fileName}" is no weights file: ${seen(start, size)}`);
  }
  if (kind === "onnx" && Object.hasOwn(hubRepositories, backbone)) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `"${fileName}" cannot be "${backbone}": that backbone is built from a safetensors file or a PyTorch checkpoint. Give the network a name of its own`,
    );
  }
  await check(path, { ...place, kind });
  return { kind };
}

/** The first bytes, and behind the end of a short file zeros. */
async function beginningOf(path: string): Promise<{ start: Buffer; size: number }> {
  const file = await open(path);
  try {
    const start = Buffer.alloc(512);
    await file.read(start, 0, start.length, 0);
    return { start, size: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

const wanted = "expected a safetensors file, a PyTorch checkpoint or an .onnx file";

function seen(start: Buffer, size: number): string {
  if (size === 0) return `it is empty; ${wanted}`;
  if (/^\s*<(!doctype|html)/i.test(start.toString("latin1"))) {
    return `it is a web page, perhaps of a proxy or a login; ${wanted}`;
  }
  return wanted;
}

function kindOf(start: Buffer, size: number, fileName: string): WeightKind | undefined {
  if (isSafetensors(start, size)) return "safetensors";
  if (isTorch(start)) return "torch";
  // An ONNX file has no signature: a protocol buffer, of which every writer puts field 1, the version, first.
  if (/\.onnx$/i.test(fileName) && start[0] === 0x08) return "onnx";
  return undefined;
}

/** The length of its header in 8 bytes, then the header: a JSON object. */
function isSafetensors(start: Buffer, size: number): boolean {
  return start[8] === 0x7b && start.readBigUInt64LE(0) <= BigInt(size - 8);
}

/** A ZIP file of which every entry lies in one folder; before PyTorch 1.6, a pickle (protocol 2) of a magic number. */
function isTorch(start: Buffer): boolean {
  if (start.readUInt32BE(0) === 0x504b0304) {
    const name = start.toString("latin1", 30, 30 + start.readUInt16LE(26));
    return name.includes("/");
  }
  const magic = Buffer.from("80028a0a6cfc9c46f9206aa85019", "hex");
  return start.subarray(0, magic.length).equals(magic);
}
