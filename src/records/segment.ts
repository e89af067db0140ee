import { createHash } from "node:crypto";

/** Names that Windows keeps for devices, with any extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Bytes: the name of a file or folder has 255 at most. */
const longest = 200;

/**
 * Any text as one level of a path or of a topic: what is neither a letter, a digit nor one of `._-` within becomes %XX, so
 * that it can neither leave its folder nor be a wildcard, and that different texts stay different. Empty is "_"; what would be longer than a name may be is its SHA-256.
 */
export function segment(text: string): string {
  const safe = text
    .replace(/[^\p{L}\p{N}._-]|^[._]|\.$/gu, escaped)
    .replace(devices, (name: string) => escaped(name[0]!) + name.slice(1));
  if (safe === "") return "_";
  return Buffer.byteLength(safe) <= longest ? safe : createHash("sha256").update(text).digest("hex");
}

const escaped = (character: string) =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
