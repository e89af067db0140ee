import { z } from "zod";
import { UflowError } from "../../error.js";
import { fileSum } from "../../input/file-sum.js";
import { parseOptions } from "../../options.js";
import type { Thread } from "../../thread.js";
import { type Link, nextSum } from "./database.js";
import { imagePath, isSum } from "./image-files.js";
import type { AuditCalls } from "./worker.js";

export interface VerifyRecordsOptions {
  /** An end of the chain that was noted earlier (`AuditStore.head`): it must still be in it. */
  head?: Link | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** What `verify` has found. */
export interface Verification {
  intact: boolean;
  records: number;
  /** Before the first record: where retention has ended the chain's beginning. */
  anchor: Link;
  head: Link;
  images: number;
  /** Records that were numbered and never arrived, as their sequence tells. No fault of the store. */
  neverArrived: number;
  /** In sentences; the first hundred. */
  problems: string[];
}

const schema = z.strictObject({
  head: z
    .strictObject({ n: z.int().nonnegative(), sum: z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256") })
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z.custom<VerifyRecordsOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

const mostProblems = 100;
const recordsAtOnce = 100;

/** @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_RECORDS where the file itself cannot be read. */
export async function verifyChain(
  path: string,
  thread: Thread<AuditCalls>,
  options: VerifyRecordsOptions,
): Promise<Verification> {
  const { head: noted, signal, onProgress } = parseOptions("verify", schema, options);
  const [anchor, head] = [await thread.call("anchor"), await thread.call("head")];
  const chain = new Chain(anchor, noted);
  // From whatever is there: a record before the anchor would be read, and be no part of the chain.
  for (let from = Number.MIN_SAFE_INTEGER; ; ) {
    if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "Verifying was cancelled");
    const links = await thread.call("links", from, recordsAtOnce);
    for (const link of links) chain.add(link);
    onProgress?.({ done: chain.records, total: head.n - anchor.n });
    if (links.length < recordsAtOnce) break;
    from = links.at(-1)!.n;
  }
  chain.end();
  const images = await verifyImages(path, thread, chain.problems, signal);
  const { problems, records, neverArrived } = chain;
  const intact = problems.length === 0;
  return {
    intact,
    records,
    anchor,
    head: chain.last,
    images,
    neverArrived,
    problems: problems.slice(0, mostProblems),
  };
}

/** Walks along the chain. */
class Chain {
  readonly problems: string[] = [];
  records = 0;
  neverArrived = 0;
  private sequence: number | undefined;

  constructor(
    public last: Link,
    private readonly noted: Link | undefined,
  ) {
    this.compareWithNoted();
  }

  add({ n, sum, record }: Link & { record: string }): void {
    const { last } = this;
    if (n <= last.n) {
      this.problems.push(`record ${n} stands before the chain's beginning, which is after record ${last.n}`);
      return;
    }
    const follows = nextSum(Buffer.from(last.sum, "hex"), record).toString("hex") === sum;
    if (n !== last.n + 1) this.problems.push(`records ${last.n + 1} … ${n - 1} are missing`);
    else if (!follows) this.problems.push(`record ${n} was changed, or is not the one that followed`);
    if (follows) this.count(record);
    this.records++;
    this.last = { n, sum };
    this.compareWithNoted();
  }

  end(): void {
    const { noted, last } = this;
    if (noted && noted.n > last.n)
      this.problems.push(`records ${last.n + 1} … ${noted.n} are missing at the end`);
  }

  private compareWithNoted(): void {
    const { noted, last } = this;
    if (noted?.n === last.n && noted.sum !== last.sum) {
      this.problems.push(`the chain up to record ${last.n} is not the one that was noted`);
    }
  }

  /** A sequence that begins anew is that of another recorder. */
  private count(record: string): void {
    const { sequence } = JSON.parse(record) as { sequence: number };
    if (this.sequence !== undefined && sequence > this.sequence)
      this.neverArrived += sequence - this.sequence - 1;
    this.sequence = sequence;
  }
}

async function verifyImages(
  path: string,
  thread: Thread<AuditCalls>,
  problems: string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  for (let beyond = ""; ; ) {
    const images = await thread.call("images", beyond, recordsAtOnce);
    for (const { sum } of images) {
      if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "Verifying was cancelled");
      const found = isSum(sum) ? await fileSum(imagePath(path, sum)).catch(() => undefined) : undefined;
      if (found !== sum)
        problems.push(`the image ${sum} ${found ? "was changed" : "is missing or cannot be read"}`);
      count++;
    }
    if (images.length < recordsAtOnce) return count;
    beyond = images.at(-1)!.sum;
  }
}
