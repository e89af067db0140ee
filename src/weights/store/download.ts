import { type FileHandle, rm, statfs } from "node:fs/promises";
import type { Dispatcher } from "undici";
import { UflowError } from "../../error.js";
import { cannotWrite, ensureFolder } from "../../output/atomic-file.js";
import { removeForgotten } from "../../output/temporary-name.js";
import { type Answer, ask, httpClient, lengthIn, networkError } from "./http.js";
import { discardPartials, findPartial, newPartial, openPartial, type PartialFile } from "./partial.js";
import { PassingError, type RetryOptions, withRetries } from "./retry.js";

export interface DownloadOptions extends RetryOptions {
  /** Longest silence of a server before the attempt counts as failed, milliseconds. Default 30 000. */
  stallTimeout?: number;
  /** Stops; what has arrived is kept. */
  signal?: AbortSignal;
  /** Called as bytes arrive; `total` is undefined where the server does not say. */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** What the store wants to know before and after the bytes come. */
export interface Recipient<Taken> {
  /** Called when the server has named the SHA-256; what it gives is taken instead of the bytes. Throws to refuse. */
  named(sha256: string): Promise<Taken | undefined>;
  /** Takes the content of the whole file, with the SHA-256 that the server named. */
  take(file: FileHandle, sha256: string | undefined): Promise<Taken>;
}

/**
 * Downloads a file into the folder and hands it to the recipient. Goes on where an earlier download of the same content
 * has stopped; a server that cannot do so sends it from the start. Attempts again what may pass. What has arrived is
 * kept when it fails or is stopped, also on a full disk, unless it is known to be wrong.
 * @throws UflowError ERR_UFLOW_DOWNLOAD, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED, and what the recipient throws.
 */
export async function download<Taken>(
  url: string,
  folder: string,
  recipient: Recipient<Taken>,
  options: DownloadOptions,
): Promise<Taken> {
  const { signal, stallTimeout = 30_000 } = options;
  const client = httpClient(stallTimeout);
  const transfer = new Transfer(url, folder, recipient, options, client);
  try {
    await ensureFolder(folder);
    await removeForgotten(folder);
    return await withRetries(
      () => transfer.attempt(),
      () => transfer.furthest,
      options,
      signal,
    );
  } catch (error) {
    if (signal?.aborted) throw cancelled(error);
    if (!(error instanceof PassingError)) throw error;
    throw failed(`Cannot download ${url}: ${error.message}`, error);
  } finally {
    await client.destroy();
  }
}

class Transfer<Taken> {
  /** Most bytes, from the first, that have been there. */
  furthest = 0;

  constructor(
    private readonly url: string,
    private readonly folder: string,
    private readonly recipient: Recipient<Taken>,
    private readonly options: DownloadOptions,
    private readonly client: Dispatcher,
  ) {}

  async attempt(): Promise<Taken> {
    const { url, folder, client, recipient, options } = this;
    const before = await findPartial(folder, url);
    const answer = await ask(client, url, rangeAfter(before), options.signal);
    try {
      const instead = answer.sha256 && (await recipient.named(answer.sha256));
      return instead || (await this.transfer(answer, before));
    } finally {
      answer.body.destroy();
    }
  }

  private async transfer(answer: Answer, before: PartialFile | undefined): Promise<Taken> {
    const { start, total, partial } = await this.agree(answer, before);
    if (total !== undefined) await checkSpace(this.folder, 2 * total - start);
    const file = await openPartial(partial, start);
    try {
      const done =
        answer.status === 416 ? start : await this.receive(answer.body, file, partial, start, total);
      if (total !== undefined && done < total) throw new PassingError(`only ${done} of ${total} bytes came`);
      await file.truncate(done);
      return await this.handOver(file, answer.sha256);
    } finally {
      await file.close();
      if (partial.etag === undefined) await rm(partial.path, { force: true });
    }
  }

  /** Where to go on, and in which file. What has arrived is discarded when the server does not go on with it. */
  private async agree(answer: Answer, before: PartialFile | undefined) {
    const etag = typeof answer.headers.etag === "string" ? answer.headers.etag : undefined;
    if (answer.status === 200) {
      const total = agreed(this.url, lengthIn(answer.headers["content-length"]), answer.bytes);
      const partial = newPartial(this.folder, this.url, etag);
      if (before && before.path !== partial.path) await rm(before.path, { force: true });
      return { start: 0, total, partial };
    }
    const range = rangeIn(answer);
    const same = before && (etag === undefined || etag === before.etag) && range?.start === before.size;
    if (!same || range === undefined) {
      await discardPartials(this.folder, this.url);
      throw new PassingError("the file has changed on the server, or the server has mixed up its parts");
    }
    return { start: before.size, total: agreed(this.url, range.total, answer.bytes), partial: before };
  }

  private async receive(
    body: Answer["body"],
    file: FileHandle,
    partial: PartialFile,
    start: number,
    total: number | undefined,
  ): Promise<number> {
    let done = start;
    this.options.onProgress?.(done, total);
    for await (const chunk of arriving(this.url, body)) {
      if (total !== undefined && done + chunk.length > total) {
        await rm(partial.path, { force: true });
        throw failed(`${this.url} sends more than the ${total} bytes that it announced`);
      }
      await writeAt(file, chunk, done).catch((error) => {
        throw cannotWrite(partial.path, error);
      });
      done += chunk.length;
      this.furthest = Math.max(this.furthest, done);
      this.options.onProgress?.(done, total);
    }
    return done;
  }

  /** Through the open file, which is whole also when another process has finished first and removed its name. */
  private async handOver(file: FileHandle, sha256: string | undefined): Promise<Taken> {
    let keep = false;
    try {
      return await this.recipient.take(file, sha256);
    } catch (error) {
      // A full disk is no fault of the file's.
      keep = error instanceof UflowError && error.code === "ERR_UFLOW_OUTPUT";
      throw error;
    } finally {
      if (!keep) await discardPartials(this.folder, this.url);
    }
  }
}

function rangeAfter(before: PartialFile | undefined): Record<string, string> {
  return before?.etag === undefined ? {} : { range: `bytes=${before.size}-`, "if-range": before.etag };
}

/** The part that is sent. Asked for more when all is there already, a server answers 416 and says the length. */
function rangeIn({ status, headers }: Answer): { start: number; total: number | undefined } | undefined {
  const range = headers["content-range"] ?? "";
  if (status === 416) {
    const total = lengthIn(range.match(/^bytes \*\/(\d+)$/)?.[1]);
    return total === undefined ? undefined : { start: total, total };
  }
  const [, start, total] = range.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
  return start === undefined ? undefined : { start: Number(start), total: lengthIn(total) };
}

function agreed(url: string, ofBytes: number | undefined, ofHub: number | undefined): number | undefined {
  if (ofBytes !== undefined && ofHub !== undefined && ofBytes !== ofHub) {
    throw failed(`${url} has ${ofHub} bytes by one header and ${ofBytes} by another`);
  }
  return ofBytes ?? ofHub;
}

/** Before, not after, an hour of downloading. The file is copied once when it is complete. */
async function checkSpace(folder: string, needed: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined || disk.bavail * disk.bsize >= needed) return;
  const full = Object.assign(new Error(`${needed} bytes are needed`), { code: "ENOSPC" });
  throw cannotWrite(folder, full);
}

async function* arriving(url: string, body: Answer["body"]): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw networkError(url, error);
  }
}

/** A disk that is nearly full takes a part of what it is given. */
async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

const cancelled = (cause: unknown) =>
  new UflowError(
    "ERR_UFLOW_ABORTED",
    "The download was cancelled; what has arrived is kept where the server can go on from it",
    { cause },
  );

const failed = (message: string, cause?: unknown) => new UflowError("ERR_UFLOW_DOWNLOAD", message, { cause });
