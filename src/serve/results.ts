import type { Evidence } from "../records/record.js";
import type { Result, ResultsQuery } from "./api.js";

/** A result with its evidence, where that is kept. */
export interface KeptResult {
  result: Result;
  evidence: Evidence | undefined;
}

/** The last results in memory, bounded by their number and by the bytes of images and maps. Ids sort by age. */
export class Results {
  private readonly kept = new Map<string, KeptResult & { bytes: number }>();
  private total = 0;

  constructor(
    private readonly limits: {
      count: number;
      /** Evidence that is larger is not kept at all. */
      bytes: number;
    },
  ) {}

  get count(): number {
    return this.kept.size;
  }

  /** Of images and maps, and of regions by their points. */
  get bytes(): number {
    return this.total;
  }

  add(result: Result, evidence: Evidence): void {
    const ofEvidence = bytesOf(evidence);
    const keeps = ofEvidence <= this.limits.bytes;
    const bytes = bytesOfResult(result) + (keeps ? ofEvidence : 0);
    this.kept.set(result.id, { result, evidence: keeps ? evidence : undefined, bytes });
    this.total += bytes;
    for (const [id, oldest] of this.kept) {
      if (this.kept.size <= this.limits.count && this.total <= this.limits.bytes) break;
      if (id === result.id) break;
      this.kept.delete(id);
      this.total -= oldest.bytes;
    }
  }

  get(id: string): KeptResult | undefined {
    return this.kept.get(id);
  }

  /** Newest first. O(results in memory). */
  find({ verdict, station, model, before, limit }: ResultsQuery): Result[] {
    return this.newestFirst()
      .filter(
        (result) =>
          (before === undefined || result.id < before) &&
          (verdict === undefined || result.verdict === verdict) &&
          (station === undefined || result.station === station) &&
          (model === undefined || result.model.name === model),
      )
      .slice(0, limit);
  }

  /** The oldest of those that are newer than this id. O(results in memory). */
  after(id: string): Result[] {
    return this.newestFirst()
      .filter((result) => result.id > id)
      .reverse();
  }

  private newestFirst(): Result[] {
    return Array.from(this.kept.values(), ({ result }) => result).reverse();
  }
}

function bytesOf({ image, inspection }: Evidence): number {
  const { byteLength } = image instanceof Uint8Array ? image : image.data;
  if (!inspection) return byteLength;
  const { anomalyMap, logNfaMap, mask } = inspection;
  return [anomalyMap, logNfaMap, mask].reduce((sum, { data }) => sum + data.byteLength, byteLength);
}

/** Roughly: what is fixed, and the points of contours. */
function bytesOfResult({ regions }: Result): number {
  return regions.reduce(
    (sum, { contour, holes }) =>
      sum + 500 + 100 * [contour, ...holes].reduce((n, { length }) => n + length, 0),
    2000,
  );
}
