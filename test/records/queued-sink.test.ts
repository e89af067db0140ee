import { describe, expect, it, vi } from "vitest";
import {
  type Destination,
  openSink,
  Postponement,
  type QueueOptions,
  Refusal,
} from "#uflow/records/queued-sink.js";
import type { Evidence } from "#uflow/records/record.js";
import { records, until } from "./frames.js";

/** A destination that does what it is told to, and keeps what it gets. */
function place(answer: (sequences: number[]) => unknown = () => {}, more: Partial<Destination> = {}) {
  const got: number[] = [];
  const lost: number[] = [];
  const images: (Evidence | undefined)[] = [];
  const destination: Destination = {
    name: "place",
    batchSize: 4,
    linger: 0,
    wanted: (_, evidence) => evidence,
    async deliver(batch) {
      const sequences = batch.map(({ record }) => record.sequence);
      await answer(sequences);
      got.push(...sequences);
      images.push(...batch.map(({ evidence }) => evidence));
    },
    lost: ({ sequence }) => lost.push(sequence),
    close: async () => {},
    ...more,
  };
  return { destination, got, lost, images };
}

function open(destination: Destination, options: QueueOptions = {}) {
  const told: string[] = [];
  const sink = openSink(destination, { onProblem: (message) => told.push(message), ...options });
  return { sink, told };
}

const never = () => new Promise(() => {});

describe("a queue", () => {
  it("delivers in order, in batches, and says of each record that it arrived", async () => {
    const { destination, got } = place();
    const { sink, told } = open(destination);
    const arrived = await Promise.all(records(10).map((record) => sink.write(record)));
    expect(arrived).toEqual(Array(10).fill(true));
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(sink.stats).toMatchObject({ queued: 0, written: 10, dropped: 0, failures: 0, problem: null });
    expect(told).toEqual([]);
  });

  it("tries again what failed, in the same order, and tells the beginning and the end of it", async () => {
    let failures = 2;
    const { destination, got } = place(() => {
      if (failures-- > 0) throw new Error("out of order");
    });
    const { sink, told } = open(destination);
    const arrived = Promise.all(records(6).map((record) => sink.write(record)));
    await until(() => sink.stats.failures === 1);
    expect(sink.stats.problem).toBe("out of order");
    expect(await arrived).toEqual(Array(6).fill(true));
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sink.stats).toMatchObject({ written: 6, failures: 2, problem: null });
    expect(told).toEqual(["place fails and is tried again: out of order", "place works again"]);
  });

  it("goes on where whoever is told throws, and warns", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    let failures = 1;
    const { destination, got } = place(() => {
      if (failures-- > 0) throw new Error("out of order");
    });
    const onProblem = () => {
      throw new Error("the log is full");
    };
    const { sink } = open(destination, { onProblem });
    expect(await Promise.all(records(2).map((record) => sink.write(record)))).toEqual([true, true]);
    expect(got).toEqual([1, 2]);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("the log is full"));
    warned.mockRestore();
  });

  it("drops the oldest for later ones when it is full, and counts them", async () => {
    let broken = true;
    const { destination, got, lost } = place(() => {
      if (broken) throw new Error("broken");
    });
    const { sink, told } = open(destination, { queueSize: 5 });
    const arrived = Promise.all(records(8).map((record) => sink.write(record)));
    await until(() => sink.stats.failures > 0);
    expect(sink.stats.queued).toBe(5);
    broken = false;
    expect((await arrived).filter(Boolean)).toHaveLength(5);
    expect([...lost, ...got].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(got).toEqual([...got].sort());
    expect(got.at(-1)).toBe(8);
    expect(sink.stats).toMatchObject({ written: 5, dropped: 3, queued: 0 });
    expect(told).toContain("place works again; 3 records were lost");
  });

  it("gives up what is refused, and goes on", async () => {
    const refuse = ([sequence]: number[]) => {
      if (sequence === 2) throw new Refusal("not this one");
    };
    const { destination, got, lost } = place(refuse, { batchSize: 1 });
    const { sink, told } = open(destination);
    expect(await Promise.all(records(3).map((record) => sink.write(record)))).toEqual([true, false, true]);
    expect([got, lost]).toEqual([[1, 3], [2]]);
    expect(sink.stats).toMatchObject({ written: 2, dropped: 1, failures: 0, problem: null });
    expect(told[0]).toBe("place loses records: not this one");
  });

  it("drops a record that is no JSON, and no other one of its batch", async () => {
    const { destination, got, lost } = place();
    const { deliver } = destination;
    destination.deliver = async (batch, signal) => {
      for (const { record } of batch) JSON.stringify(record);
      await deliver(batch, signal);
    };
    const { sink, told } = open(destination);
    const [first, second, third] = records(3);
    const broken = { ...second!, size: 1n };
    const arrived = await Promise.all([first!, broken, third!].map((record) => sink.write(record)));
    expect(arrived).toEqual([true, false, true]);
    expect([got, lost]).toEqual([[1, 3], [2]]);
    expect(told.join()).toContain("it is no JSON");
    await sink.close();
  });

  it("waits as long as it is asked to", async () => {
    const times: number[] = [];
    const { destination } = place(() => {
      times.push(performance.now());
      if (times.length === 1) throw new Postponement("later", 600);
    });
    const { sink } = open(destination);
    await sink.write(records(1)[0]!);
    expect(times[1]! - times[0]!).toBeGreaterThan(590);
  });

  it("lets records go on without their images when these are too many bytes", async () => {
    const { destination, images } = place();
    const { sink } = open(destination, { queueBytes: 25 });
    const image = new Uint8Array(10);
    await Promise.all(records(4).map((record) => sink.write(record, { image })));
    expect(images.map((evidence) => evidence?.image.constructor.name)).toEqual([
      "Uint8Array",
      "Uint8Array",
      undefined,
      undefined,
    ]);
    await sink.write(records(1)[0]!, { image });
    expect(images.at(-1)).toBeDefined();
    expect(sink.stats).toMatchObject({ written: 5, droppedImages: 2 });
  });

  it("gathers records for a while, but not when someone waits for them", async () => {
    const batches: number[][] = [];
    const { destination } = place((sequences) => batches.push(sequences), { linger: 9000 });
    const { sink } = open(destination);
    const [first, second, ...more] = records(6);
    void sink.write(first!);
    void sink.write(second!);
    expect(await sink.flush()).toBe(true);
    for (const record of more) void sink.write(record);
    await until(() => batches.length === 2);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5, 6],
    ]);
    await sink.close();
  });

  it("flushes no longer than it is told to, and drops what is left when it is closed", async () => {
    const { destination, lost } = place(never);
    const { sink } = open(destination);
    const arrived = Promise.all(records(6).map((record) => sink.write(record)));
    expect(await sink.flush(20)).toBe(false);
    expect(sink.stats.queued).toBe(6);
    await sink.close(20);
    expect(await arrived).toEqual(Array(6).fill(false));
    expect(lost).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await sink.write(records(1)[0]!)).toBe(false);
    expect(sink.stats).toMatchObject({ queued: 0, dropped: 7, written: 0 });
  });

  it("tries at once what waits to be tried again when it is closed", async () => {
    let failures = 3;
    const { destination, got } = place(() => {
      if (failures-- > 0) throw new Error("broken");
    });
    const { sink } = open(destination);
    void sink.write(records(1)[0]!);
    await until(() => sink.stats.failures === 2);
    await sink.close();
    expect(got).toEqual([1]);
  });
});

it("refuses options that mean nothing", () => {
  expect(() => openSink(place().destination, { queueSize: 0 })).toThrow(/queueSize/);
});
