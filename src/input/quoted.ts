const longest = 100;

/** A foreign name for a message: in quotes, shortened, without characters that a terminal would obey. */
export function quoted(name: string): string {
  const text = JSON.stringify(name.length > longest ? `${name.slice(0, longest)}…` : name);
  // JSON escapes those up to 0x1f only.
  return text.replace(/[\u007f-\u009f]/g, "\ufffd");
}
