/** The weights store: what the backbones are made from, downloaded or imported once, found by name, held to its checksum. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { messageOf, UflowError } from "../../error.js";
import { parseOptions } from "../../options.js";
import { addBlob, blobPath, sha256Of } from "./blobs.js";
import { type CheckFile, describeWeights, type WeightKind, type WeightsPlace } from "./describe.js";
import type { Recipient } from "./download.js";
import { cacheHome } from "./home.js";
import { hubHost, hubRepositories, hubUrls } from "./known.js";
import { type ImportOptions, importSchema, type PullOptions, pullSchema } from "./options.js";
import {
  type BackboneRecord,
  backboneName,
  type FileRecord,
  type Metadata,
  readRecord,
  recordNames,
  recordPath,
  writeRecord,
} from "./record.js";

export type { CheckFile, WeightKind } from "./describe.js";
export { type EmbeddedName, embeddedNames, hubRepositories, isEmbedded } from "./known.js";
export type { ImportOptions, PullOptions } from "./options.js";
export type { Metadata } from "./record.js";

/** A file of weights in the store. */
export interface StoredFile extends FileRecord {
  /** Where its content lies. For reading only: other processes read it too. */
  path: string;
}

/** A backbone whose files are all in the store. */
export interface StoredBackbone {
  name: string;
  /** In the order in which the backbone takes them. */
  files: StoredFile[];
  /** What was said of it when it was imported. */
  metadata?: Metadata | undefined;
}

/** What is known of a backbone without reading its files. */
export interface ListedBackbone {
  name: string;
  /** The paper's come from the `hub` (or from a file that stands for it); all other names are the `user`'s. */
  origin: "hub" | "user";
  /** `available`: not here, can be pulled. `damaged`: `problem` says how, and what to do. */
  state: "available" | "present" | "damaged";
  problem?: string;
  /** Where it is downloaded from; none for the user's own. */
  urls: string[];
  files: StoredFile[];
  /** What was said of it when it was imported. */
  metadata?: Metadata | undefined;
}

/**
 * Opens the store in `home` (default: see `cacheHome`). Nothing is read or written yet, so a store that cannot be written
 * can be read. It holds nothing open; use one for as long as possible, since each verifies a file when it first finds it.
 * @param check is asked before a file enters the store; default: every weights file is taken
 */
export function openStore(home = cacheHome(), check: CheckFile = async () => {}): Store {
  return new Store(resolve(home), check);
}

export class Store {
  /** SHA-256 of content that was read and found right. */
  private readonly verified = new Set<string>();

  constructor(
    readonly home: string,
    private readonly check: CheckFile,
  ) {}

  /**
   * The files of a backbone, verified: the first time, each is read whole (some seconds per gigabyte).
   * @returns undefined when it was neither pulled nor imported.
   * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when a file or the record is damaged.
   */
  async find(name: string): Promise<StoredBackbone | undefined> {
    if (!backboneName.safeParse(name).success) return undefined;
    const record = await readRecord(this.home, name);
    if (!record) return undefined;
    for (const file of record.files) {
      if (await this.isIntact(file.sha256)) continue;
      throw damaged(name, blobPath(this.home, file.sha256), "it is missing or has changed on the disk");
    }
    return this.stored(name, record);
  }

  /**
   * Downloads a backbone of the paper, or what is missing of it; what is in the store already is only verified. The
   * content is held to the SHA-256 in the record of an earlier pull or import, else to the one that the server names;
   * where there is neither, the first download is trusted and held to from then on (`checkedAgainst` says which).
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_DOWNLOAD (its message says how to do without a network),
   * ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED; nothing that was there is lost, and what has arrived is kept to go on from.
   */
  async pull(name: string, options: PullOptions = {}): Promise<StoredBackbone> {
    const { host } = parseOptions("pull", pullSchema, { ...options, name, host: options.host ?? hubHost() });
    const urls = hubUrls(name, host);
    // A record that cannot be read holds nobody to anything; this pull replaces it.
    const record = await readRecord(this.home, name).catch(() => undefined);
    const files: FileRecord[] = [];
    try {
      for (const i of urls.keys()) files.push(await this.pullFile(name, urls, i, record?.files[i], options));
    } catch (error) {
      throw withAdvice(name, urls, error);
    }
    const unchanged = files.every((file, i) => file === record?.files[i]);
    return unchanged ? this.stored(name, record!) : this.keep(name, { formatVersion: 1, files });
  }

  /**
   * Copies files into the store under a name; one that the name stood for before is replaced. A backbone of the paper
   * takes as many files as the hub has of it, in the same order (see `hubRepositories`).
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_WEIGHTS when a file is missing or no weights file,
   * ERR_UFLOW_OUTPUT; the name then stands for what it stood for before.
   */
  async import(paths: readonly string[], options: ImportOptions): Promise<StoredBackbone> {
    const { as: name, describe } = parseOptions("import", importSchema, { ...options, files: paths });
    checkCount(name, paths);
    const files: FileRecord[] = [];
    let metadata: Metadata | undefined;
    for (const [index, path] of paths.entries()) {
      const place = { fileName: basename(path), backbone: name, index };
      const file = await this.importFile(path, async (copy) => {
        const { kind } = await describeWeights(copy, place, this.check);
        if (describe) metadata = { ...metadata, ...(await describe(copy, place.fileName)) };
        return kind;
      });
      files.push(file);
    }
    return this.keep(name, { formatVersion: 1, files, metadata });
  }

  /**
   * The paper's backbones and the user's own, from their records only: the content is not verified, but missing files
   * and wrong sizes are seen.
   * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the store itself cannot be read.
   */
  async list(): Promise<ListedBackbone[]> {
    const known = Object.keys(hubRepositories);
    const own = (await recordNames(this.home)).filter((name) => !known.includes(name));
    return Promise.all([...known, ...own].map((name) => this.listed(name)));
  }

  private async listed(name: string): Promise<ListedBackbone> {
    const urls = hubUrls(name);
    const found = { name, origin: urls.length > 0 ? ("hub" as const) : ("user" as const), urls };
    try {
      const record = await readRecord(this.home, name);
      if (!record) return { ...found, state: "available", files: [] };
      const { files, metadata } = this.stored(name, record);
      for (const { path, bytes } of files) {
        const size = await sizeOf(path);
        if (size === undefined) throw damaged(name, path, "it is missing");
        if (size !== bytes) throw damaged(name, path, `it has ${size} bytes, not ${bytes}`);
      }
      return { ...found, state: "present", files, ...(metadata && { metadata }) };
    } catch (error) {
      return { ...found, state: "damaged", problem: messageOf(error), files: [] };
    }
  }

  private async pullFile(
    name: string,
    urls: readonly string[],
    i: number,
    pinned: FileRecord | undefined,
    options: PullOptions,
  ): Promise<FileRecord> {
    if (pinned && (await this.isIntact(pinned.sha256))) return pinned;
    if (options.offline) throw unreachable(`"${name}" is not in the store, and offline was asked for`);
    const url = urls[i]!;
    const onProgress = (done: number, total: number | undefined) =>
      options.onProgress?.({ file: i, files: urls.length, done, total });
    const recipient = this.recipient(name, i, url, pinned?.sha256);
    // Loads an HTTP client, which most runs do without.
    const { download } = await import("./download.js");
    return download(url, join(this.home, "partial"), recipient, { ...options, onProgress });
  }

  private recipient(
    name: string,
    index: number,
    url: string,
    pinned: string | undefined,
  ): Recipient<FileRecord> {
    const place = { fileName: basename(new URL(url).pathname), backbone: name, index };
    const recorded = { source: url, stored: new Date().toISOString() };
    return {
      named: async (sha256) => {
        this.checkPinned(name, url, sha256, pinned);
        if (!(await this.isIntact(sha256))) return undefined;
        const path = blobPath(this.home, sha256);
        const { kind } = await this.describeDownload(path, place, url);
        return { ...recorded, sha256, bytes: (await sizeOf(path))!, kind, checkedAgainst: "server" };
      },
      take: async (file, named) => {
        const { sha256, bytes, accepted } = await addBlob(this.home, file, async (sum, copy) => {
          this.checkPinned(name, url, sum, pinned);
          if (named !== undefined && sum !== named)
            throw unreachable(
              `What came from ${url} has the SHA-256 ${sum}, not ${named} as the server says; it was damaged on the way and is removed. Pull it again`,
            );
          return this.describeDownload(copy, place, url);
        });
        this.verified.add(sha256);
        const checkedAgainst = named === undefined ? "first-use" : "server";
        return { ...recorded, sha256, bytes, kind: accepted.kind, checkedAgainst };
      },
    };
  }

  private checkPinned(name: string, url: string, sha256: string, pinned: string | undefined): void {
    if (pinned === undefined || sha256 === pinned) return;
    throw unreachable(
      `${url} is not the file that "${name}" stood for so far: its SHA-256 is ${sha256}, not ${pinned}. To accept it, delete "${recordPath(this.home, name)}" and pull again`,
    );
  }

  private async describeDownload(path: string, place: WeightsPlace, url: string) {
    try {
      return await describeWeights(path, place, this.check);
    } catch (error) {
      throw unreachable(`What came from ${url} cannot be used: ${messageOf(error)}`, error);
    }
  }

  private async importFile(path: string, accept: (copy: string) => Promise<WeightKind>): Promise<FileRecord> {
    const file = await openGiven(path);
    try {
      const { sha256, bytes, accepted: kind } = await addBlob(this.home, file, (_, copy) => accept(copy));
      this.verified.add(sha256);
      const [source, stored] = [basename(path), new Date().toISOString()];
      return { sha256, bytes, kind, source, stored, checkedAgainst: "first-use" };
    } finally {
      await file.close();
    }
  }

  private async keep(name: string, record: BackboneRecord): Promise<StoredBackbone> {
    await writeRecord(this.home, name, record);
    return this.stored(name, record);
  }

  private stored(name: string, { files, metadata }: BackboneRecord): StoredBackbone {
    return {
      name,
      files: files.map((file) => ({ ...file, path: blobPath(this.home, file.sha256) })),
      ...(metadata && { metadata }),
    };
  }

  /** Whether the content is there and is what its name says. */
  private async isIntact(sha256: string): Promise<boolean> {
    if (this.verified.has(sha256)) return (await sizeOf(blobPath(this.home, sha256))) !== undefined;
    const found = await sha256Of(blobPath(this.home, sha256)).catch(() => undefined);
    if (found === sha256) this.verified.add(sha256);
    return found === sha256;
  }
}

/** The size of a file in bytes; undefined when it is not there. */
async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function openGiven(path: string): Promise<FileHandle> {
  try {
    // Before it is opened: opening a pipe waits for whoever writes to it.
    if (!(await stat(path)).isFile()) throw new Error("expected a file");
    return await open(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw badWeights(`Cannot import "${path}": ${missing ? "it does not exist" : messageOf(error)}`, error);
  }
}

function checkCount(name: string, paths: readonly string[]): void {
  const repositories = Object.hasOwn(hubRepositories, name) ? hubRepositories[name]! : undefined;
  if (repositories === undefined || paths.length === repositories.length) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_OPTION",
    `Expected ${repositories.length} file(s) for "${name}" (${repositories.join(", then ")}) but received ${paths.length}`,
  );
}

function damaged(name: string, path: string, problem: string): UflowError {
  const again = Object.hasOwn(hubRepositories, name)
    ? `uflow backbone pull ${name}`
    : `uflow backbone import FILE --as ${name}`;
  return badWeights(
    `The weights of the backbone "${name}" are damaged: "${path}": ${problem}. Get them again: ${again}`,
  );
}

/** What to do on a machine without a network. */
function withAdvice(name: string, urls: readonly string[], error: unknown): unknown {
  if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_DOWNLOAD") return error;
  const files = urls.length === 1 ? "FILE" : urls.map((_, i) => `FILE${i + 1}`).join(" ");
  return unreachable(
    `${error.message}. Without a network: download ${urls.join(" and ")} on another machine, copy to this one, and run: uflow backbone import ${files} --as ${name}`,
    error,
  );
}

const unreachable = (message: string, cause?: unknown) =>
  new UflowError("ERR_UFLOW_DOWNLOAD", message, { cause });
const badWeights = (message: string, cause?: unknown) =>
  new UflowError("ERR_UFLOW_BAD_WEIGHTS", message, { cause });
