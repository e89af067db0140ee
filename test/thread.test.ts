import { expect, it } from "vitest";
import { Thread } from "#uflow/thread.js";

interface Calls {
  add(a: number, b: number): number;
  fail(): never;
  die(): void;
}

/** A thread as those of sinks are. */
const program = `
  import { parentPort } from "node:worker_threads";
  import { answerCalls } from ${JSON.stringify(new URL("../dist/thread.js", import.meta.url))};
  import { UflowError } from ${JSON.stringify(new URL("../dist/error.js", import.meta.url))};
  answerCalls(parentPort, {
    add: async (a, b) => a + b,
    fail: () => { throw new UflowError("ERR_UFLOW_OUTPUT", "the disk is full"); },
    die: () => { setImmediate(() => { throw new Error("out of order"); }); return new Promise(() => {}); },
  });`;

const started = () =>
  new Thread<Calls>("test", new URL(`data:text/javascript,${encodeURIComponent(program)}`));

it("answers calls, in order, with results and errors", async () => {
  const thread = started();
  expect(await Promise.all([thread.call("add", 1, 2), thread.call("add", 3, 4)])).toEqual([3, 7]);
  await expect(thread.call("fail")).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
    message: "the disk is full",
  });
  await thread.close();
  await expect(thread.call("add", 1, 2)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
});

it("is started again after it died, and tells those who waited why", async () => {
  const thread = started();
  const dying = thread.call("die");
  const waiting = thread.call("add", 1, 2);
  await expect(dying).rejects.toThrow("The thread of the test failed: out of order");
  await expect(waiting).rejects.toMatchObject({ code: "ERR_UFLOW_LANE" });
  expect(await thread.call("add", 1, 2)).toBe(3);
  await thread.close();
});
