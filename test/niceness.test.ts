import { getPriority } from "node:os";
import { expect, it } from "vitest";
import { Thread } from "#uflow/thread.js";

interface Calls {
  niceness(): [own: number, ofHelper: number];
}

/** A thread as those of sinks are, and one that it starts. */
const program = `
  import { getPriority } from "node:os";
  import { parentPort, Worker } from "node:worker_threads";
  import { answerCalls } from ${JSON.stringify(new URL("../dist/thread.js", import.meta.url))};
  const helper = "require('worker_threads').parentPort.postMessage(require('os').getPriority(0))";
  answerCalls(parentPort, {
    niceness: () => new Promise((resolve) =>
      new Worker(helper, { eval: true }).once("message", (its) => resolve([getPriority(0), its]))),
  });`;

it.runIf(process.platform === "linux")(
  "puts threads behind the event loop, which stays where it is",
  async () => {
    const before = getPriority(process.pid);
    const thread = new Thread<Calls>("test", new URL(`data:text/javascript,${encodeURIComponent(program)}`));
    const behind = Math.min(19, before + 5);
    expect(await thread.call("niceness")).toEqual([behind, behind]);
    await thread.close();
    expect(getPriority(process.pid)).toBe(before);
  },
);
