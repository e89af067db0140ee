// Many clients of the service at once, in a process of their own: node all-at-once.mjs URL IMAGE COUNT
//
// Each has a connection of its own and asks once. Prints JSON: how many answers of each status, how many requests without an
// answer by the system's code, and the seconds until all are known. One without an answer after two minutes counts as silence.
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";

const [, , url, file, count] = process.argv;
const image = await readFile(file);
const patience = 120_000;

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
const headers = { "content-type": "image/png", "content-length": image.length, connection: "close" };
const [statuses, errors] = [{}, {}];
const add = (counts, key) => {
  counts[key] = (counts[key] ?? 0) + 1;
};

const start = performance.now();
await Promise.all(Array.from({ length: Number(count) }, ask));
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ statuses, errors, seconds }));
process.exit();

function ask() {
  return new Promise((resolve) => {
    let told = false;
    const tell = (counts, key) => {
      if (told) return;
      told = true;
      add(counts, key);
      resolve();
    };
    const asked = request(`${url}/v1/inspect`, { method: "POST", agent, headers });
    const silence = setTimeout(() => tell(errors, "silence"), patience);
    asked.on("response", async (response) => {
      clearTimeout(silence);
      tell(...(await judged(response)));
    });
    asked.on("error", ({ code }) => {
      clearTimeout(silence);
      tell(errors, code);
    });
    asked.end(image);
  });
}

/** An answer counts where it is whole, and a success where it has a verdict. */
async function judged(response) {
  const pieces = [];
  try {
    for await (const piece of response) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString());
    const { statusCode } = response;
    const sound = statusCode === 200 ? /^(good|anomalous)$/.test(body.results[0].verdict) : body.error.code;
    return sound ? [statuses, statusCode] : [errors, "no verdict"];
  } catch (error) {
    return [errors, error.code ?? "torn"];
  }
}
