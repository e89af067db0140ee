// The other end of instruction-set.mjs: prepares a trial by name and runs it, JSON lines in, JSON lines out.
import { createInterface } from "node:readline";
import * as kernels from "../../dist/kernels/index.js";
import { tasks } from "../tasks.mjs";
import { trials } from "../trials.mjs";
import { inProcess } from "./in-process.mjs";
import { digestOf } from "./instruction-set.mjs";

const ours = inProcess("ours", kernels);
let prepared;

async function prepare({ name }) {
  const trial = trials.find((one) => one.name === name);
  const inputs = trial.inputs();
  prepared = await ours.prepare(trial, inputs);
  const { run, result } = tasks[trial.task];
  return { digest: digestOf(result(run(kernels, inputs))) };
}

const answers = { prepare, run: async ({ times }) => ({ seconds: await prepared.run(times) }) };

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = await answers[question.do](question).catch(({ message }) => ({ error: message }));
  console.log(JSON.stringify(answer));
}
