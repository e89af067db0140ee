import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "../bundle/model.js";
import { messageOf, UflowError } from "../error.js";
import { decodeNpy } from "../input/npy.js";
import type { PixelMap } from "../inspect/index.js";
import {
  type Certificate,
  type CertifiedImage,
  certificateSchema,
  contentSum,
  schemaVersion,
} from "./certificate.js";
import type { Comparable } from "./figures.js";
import { certificateFile, type MapKind, mapFile } from "./report.js";

/** What an earlier `verify()` wrote. */
export class Earlier {
  private constructor(
    private readonly folder: string,
    readonly certificate: Certificate,
  ) {}

  /** @throws UflowError ERR_UFLOW_BAD_CERTIFICATE when there is none, or it is damaged, edited or newer. */
  static async open(folder: string): Promise<Earlier> {
    const path = join(folder, certificateFile);
    const content = parse(path, await read(path));
    const version = z.looseObject({ schemaVersion: z.number() }).safeParse(content);
    if (version.success && version.data.schemaVersion > schemaVersion) {
      throw bad(
        path,
        `its schema version is ${version.data.schemaVersion}, and this engine reads up to ${schemaVersion}: update uflow`,
      );
    }
    const certificate = certificateSchema.safeParse(content);
    if (!certificate.success)
      throw bad(path, `it is not what uflow writes: ${z.prettifyError(certificate.error)}`);
    if (contentSum(content as Record<string, unknown>) !== certificate.data.contentSha256) {
      throw bad(
        path,
        "its content does not match its checksum, so it was edited or damaged; take the original",
      );
    }
    return new Earlier(folder, certificate.data);
  }

  /**
   * Makes sure that the same was done here.
   * @throws UflowError ERR_UFLOW_BAD_CERTIFICATE that says what differs.
   */
  expectSame(
    here: Pick<Certificate, "model" | "source" | "operatingPoint">,
    images: readonly Pick<CertifiedImage, "name" | "sha256">[],
  ): void {
    const { model, operatingPoint, images: there } = this.certificate;
    if (model.sha256 !== here.model.sha256) {
      throw this.other(
        `it is of another model: ${model.file}, SHA-256 ${short(model)}, and this is ${here.model.file}, SHA-256 ${short(here.model)}`,
      );
    }
    if (JSON.stringify(operatingPoint) !== JSON.stringify(here.operatingPoint)) {
      throw this.other(
        `its operating point is ${JSON.stringify(operatingPoint)}, and this engine's is ${JSON.stringify(here.operatingPoint)}`,
      );
    }
    const differing = there.findIndex(
      ({ name, sha256 }, i) => images[i]?.name !== name || images[i].sha256 !== sha256,
    );
    if (differing < 0 && there.length === images.length) return;
    const at = differing < 0 ? there.length : differing;
    throw this.other(
      `it is of other images (${origin(this.certificate)}; here ${origin(here)}): image ${at + 1} is ${described(there[at])} there and ${described(images[at])} here`,
    );
  }

  /** The reference way's maps. @throws UflowError ERR_UFLOW_BAD_CERTIFICATE when one is missing, damaged or edited. */
  async maps(): Promise<Comparable[]> {
    const all: Comparable[] = [];
    for (const [i, image] of this.certificate.images.entries()) {
      const { name, anomalous, logNfa } = image;
      const anomalyMap = await this.map(i, "anomaly", Float32Array);
      const mask = await this.map(i, "mask", Uint8Array);
      all.push({ name, anomalous, logNfa, anomalyMap, mask });
    }
    return all;
  }

  private async map<T extends Float32Array | Uint8Array>(
    i: number,
    kind: MapKind,
    type: new () => T,
  ): Promise<PixelMap<T>> {
    const path = join(this.folder, mapFile(i, kind));
    const bytes = await read(path);
    const { data, width, height } = decodeNpy(bytes, (reason) => bad(path, reason));
    const side = this.certificate.model.mapSize;
    // Of images in tiles, maps are larger than that of one.
    if (!(data instanceof type) || width < side || height < side) {
      throw bad(path, `it is no ${type.name} map of ${side} × ${side} or more`);
    }
    if (sha256(bytes) !== this.certificate.images[i]!.maps[kind]) {
      throw bad(
        path,
        `it does not match its checksum in ${certificateFile}, so it was edited or damaged; take the original`,
      );
    }
    return { data, width, height };
  }

  private other(difference: string): UflowError {
    return new UflowError(
      "ERR_UFLOW_BAD_CERTIFICATE",
      `Cannot compare with the certificate in "${this.folder}": ${difference}`,
    );
  }
}

const short = ({ sha256 }: { sha256: string }) => `${sha256.slice(0, 16)}…`;

const described = (image: Pick<CertifiedImage, "name" | "sha256"> | undefined) =>
  image ? `"${image.name}", SHA-256 ${short(image)}` : "none";

function origin({ source }: Pick<Certificate, "source">): string {
  const { folder, seed, count } = source;
  return folder === null
    ? `generated with --seed ${seed} --count ${count}`
    : `--images ${folder} --count ${count}`;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing
      ? 'there is no such file; give a folder that "uflow verify --out" wrote'
      : messageOf(error);
    throw bad(path, reason, error);
  }
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw bad(path, "it is not JSON; is it cut off?", error);
  }
}

function bad(path: string, reason: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_CERTIFICATE", `Cannot read "${path}": ${reason}`, { cause });
}
