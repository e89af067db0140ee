import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf, UflowError } from "../error.js";

/** A new API key, and its line for the file of keys. The key itself is in no file. */
export interface NewKey {
  name: string;
  key: string;
  line: string;
}

/**
 * Draws a key of 256 random bits. Nobody finds such a key by trying, however fast the hash is: SHA-256 does, and no slow hash
 * is needed, which would let strangers keep the service busy.
 * @param name of whom it is for, 1 … 64 letters, digits, ".", "_", "-"
 * @throws UflowError ERR_UFLOW_BAD_OPTION.
 */
export function newKey(name: string): NewKey {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    const wanted = "1 … 64 letters, digits, '.', '_' or '-'";
    throw new UflowError("ERR_UFLOW_BAD_OPTION", `Wrong options for newKey: name: expected ${wanted}`);
  }
  const key = `uflow_${randomBytes(32).toString("base64url")}`;
  return { name, key, line: `${name} sha256:${hashOf(key).toString("hex")}` };
}

/** The keys of which a file has the hashes: a line each, "name sha256:<64 hexadecimal digits>"; "#" begins a comment. */
export class Keys {
  private constructor(private readonly hashes: readonly { name: string; hash: Buffer }[]) {}

  /** @throws UflowError ERR_UFLOW_BAD_OPTION when it cannot be read, has a wrong line or no key. */
  static async read(path: string): Promise<Keys> {
    const text = await readFile(path, "utf8").catch((error) => {
      throw wrongFile(path, messageOf(error));
    });
    const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
    const hashes = lines.flatMap((line, i) => (line === "" ? [] : [parseLine(path, line, i + 1)]));
    if (hashes.length === 0) throw wrongFile(path, "it has no key, so that nobody could come in");
    return new Keys(hashes);
  }

  /** The name of a key; undefined: it is none of them. Takes as long for every key. */
  nameOf(key: string): string | undefined {
    const presented = hashOf(key);
    let found: string | undefined;
    for (const { name, hash } of this.hashes) {
      if (timingSafeEqual(hash, presented)) found = name;
    }
    return found;
  }
}

const hashOf = (key: string) => createHash("sha256").update(key).digest();

function parseLine(path: string, line: string, number: number) {
  const [, name, hex] = /^(\S+)\s+sha256:([0-9a-f]{64})$/i.exec(line) ?? [];
  if (!name || !hex) throw wrongFile(path, `line ${number} is no "name sha256:<64 hexadecimal digits>"`);
  return { name, hash: Buffer.from(hex, "hex") };
}

function wrongFile(path: string, problem: string): UflowError {
  const advice = 'make one with "uflow key NAME >> FILE"';
  return new UflowError("ERR_UFLOW_BAD_OPTION", `Wrong options: apiKeys: ${path}: ${problem}; ${advice}`);
}
