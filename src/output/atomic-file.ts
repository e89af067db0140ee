import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, UflowError } from "../error.js";
import { temporaryName } from "./temporary-name.js";

/**
 * Writes a file so that no one ever sees half of it: to a temporary name in the same folder, flushed to the disk, then
 * renamed. Missing folders are made. A link is followed, so that it goes on pointing to what is written.
 * @param bytes all of them, or one piece after the other, so that a large file need not be in memory as a whole.
 * @throws UflowError ERR_UFLOW_OUTPUT; a file that was there before is then untouched, and nothing is left behind.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const target = await targetOf(path);
  const file = await AtomicFile.start(dirname(target), path);
  try {
    for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) await file.append(piece);
    await file.finish(basename(target));
  } catch (error) {
    await file.discard();
    throw error instanceof UflowError ? error : cannotWrite(path, error);
  }
}

/**
 * A file that is written piece by piece and whose name is known only at the end. No one ever sees half of it: it has a
 * temporary name until `finish`. Either `finish` or `discard` must be called; `finish` that fails, too, wants `discard`.
 */
export class AtomicFile {
  private constructor(
    private readonly folder: string,
    private readonly shown: string,
    /** Where the bytes are until `finish`. */
    readonly temporary: string,
    private readonly file: FileHandle,
  ) {}

  /**
   * Starts a file in a folder, which is made where it is missing. `shown` is what errors call it.
   * @throws UflowError ERR_UFLOW_OUTPUT.
   */
  static async start(folder: string, shown = folder): Promise<AtomicFile> {
    await ensureFolder(folder);
    const temporary = join(folder, temporaryName());
    try {
      return new AtomicFile(folder, shown, temporary, await open(temporary, "wx", 0o644));
    } catch (error) {
      throw cannotWrite(shown, error);
    }
  }

  /** @throws UflowError ERR_UFLOW_OUTPUT. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.attempt(() => this.file.appendFile(bytes));
  }

  /** Makes sure that what was written is on the disk. @throws UflowError ERR_UFLOW_OUTPUT. */
  async flush(): Promise<void> {
    await this.attempt(() => this.file.sync());
  }

  /** Flushes the file to the disk and gives it its name in the folder. @throws UflowError ERR_UFLOW_OUTPUT. */
  async finish(name: string): Promise<void> {
    await this.flush();
    await this.attempt(async () => {
      await this.file.close();
      await rename(this.temporary, join(this.folder, name));
    });
  }

  /** Removes what was written; harmless after `finish`. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await discard(this.temporary);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw cannotWrite(this.shown, error);
    }
  }
}

/**
 * Makes a folder with all that are above it; one that is there already is fine.
 * @throws UflowError ERR_UFLOW_OUTPUT.
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await makeFolder(resolve(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/**
 * Makes sure, before long work, that a file can be written at this path: by writing and removing an empty one in its
 * folder, or in the nearest folder above that exists. Leaves nothing behind and does not touch a file that is there.
 * @throws UflowError ERR_UFLOW_OUTPUT.
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await targetOf(path);
  const folder = await nearestFolder(dirname(target)).catch((error) => {
    throw cannotWrite(path, error);
  });
  const probe = join(folder, temporaryName());
  try {
    await checkLength(join(folder, basename(target)));
    await (await open(probe, "wx")).close();
  } catch (error) {
    throw cannotWrite(path, error);
  } finally {
    await discard(probe);
  }
}

/** That the file system has names as long, whether one of them is there or not. */
async function checkLength(path: string): Promise<void> {
  await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENAMETOOLONG") throw error;
  });
}

/** Where the bytes go: what a link points to, else the path itself. Folders and devices are no place for a file. */
async function targetOf(path: string): Promise<string> {
  try {
    const entry = await stat(path);
    if (entry.isDirectory()) throw refused(path, problems.EISDIR!);
    // Renaming onto /dev/null would replace it.
    if (!entry.isFile()) throw refused(path, "it is a device or a pipe, not a file; give the name of a file");
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return resolve(path);
    throw error instanceof UflowError ? error : cannotWrite(path, error);
  }
}

/** Not `mkdir` with `recursive`, which never ends below a place like /proc where nothing can be made. */
async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Someone else has made it in the meantime.
    if (error.code !== "EEXIST") throw error;
  });
}

async function nearestFolder(folder: string): Promise<string> {
  return (await isFolder(folder)) ? folder : nearestFolder(dirname(folder));
}

/** False when nothing is there, so that it may be made. @throws when a file is there, or not even a root. */
async function isFolder(path: string): Promise<boolean> {
  try {
    const entry = await stat(path);
    if (entry.isDirectory()) return true;
    throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    return false;
  }
}

/** The failure that led here is what is reported, not that of tidying up. */
const discard = (path: string) => rm(path, { force: true }).catch(() => undefined);

const problems: Record<string, string> = {
  EACCES: "there is no permission to write there; choose another place or change the permissions",
  EDQUOT: "the disk quota is used up; free some space or choose another place",
  EEXIST: "a part of the path is a file, where a folder is needed; choose another place",
  EISDIR: "it is a folder; give the name of a file",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  ENOENT: "its folder does not exist and cannot be made; choose another place",
  ENOSPC: "the disk is full; free some space or choose another place",
  ENOTDIR: "a part of the path is a file, where a folder is needed; choose another place",
  EPERM: "there is no permission to write there; choose another place or change the permissions",
  EROFS: "the disk is read-only; choose another place",
};

/** Says in plain words why a path cannot be written, from what the system said. */
export function cannotWrite(path: string, error: unknown): UflowError {
  const { code } = error as NodeJS.ErrnoException;
  return refused(path, problems[code ?? ""] ?? messageOf(error), error);
}

function refused(path: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_OUTPUT", `Cannot write "${path}": ${problem}`, { cause });
}
