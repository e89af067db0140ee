import { Refusal } from "../refusal.js";

/** Lists of a body: pixels may be nested in lists of their own, a million of them. */
const mostLists = 1_100_000;
/** Objects of a body; the protocol has a few per tensor. */
const mostObjects = 1000;
const deepest = 32;

const [quote, backslash, list, endOfList, object, endOfObject] = Buffer.from('"\\[]{}');

/**
 * The value of a body. One that has millions of objects or lists, or ever deeper ones, would hold up the event loop for seconds
 * though it is short: that is refused before it is parsed. O(bytes).
 * @throws Refusal 400.
 */
export function parseJson(bytes: Buffer): unknown {
  checkStructure(bytes);
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new Refusal(400, "The body, or its first part, is no JSON");
  }
}

function checkStructure(bytes: Buffer): void {
  let [depth, lists, objects] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) i = endOfString(bytes, i);
    else if (byte === endOfList || byte === endOfObject) depth -= 1;
    else if (byte === list || byte === object) {
      depth += 1;
      if (byte === list) lists += 1;
      else objects += 1;
      if (depth > deepest || lists > mostLists || objects > mostObjects) {
        throw new Refusal(
          400,
          `The JSON has more than ${mostLists} lists, ${mostObjects} objects or ${deepest} levels; send pixels in one flat list, in binary, or as an image file`,
        );
      }
    }
  }
}

/** @returns the place of the quote that ends it, or the end. */
function endOfString(bytes: Buffer, start: number): number {
  for (let end = bytes.indexOf('"', start + 1); end >= 0; end = bytes.indexOf('"', end + 1)) {
    let before = end;
    while (bytes[before - 1] === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return bytes.length;
}
