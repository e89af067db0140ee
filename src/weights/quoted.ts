const longest = 100;

/** A foreign name for a message: in quotes, shortened, without characters that a terminal would obey. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > longest ? `${name.slice(0, longest)}…` : name);
}
