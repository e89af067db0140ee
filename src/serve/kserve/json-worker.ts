/** The thread of `JsonThread`. */
import { parentPort } from "node:worker_threads";
import { answerCalls } from "../../thread.js";
import { Refusal } from "../refusal.js";
import type { JsonCalls } from "./json-thread.js";
import { jsonOf } from "./outputs.js";
import { readRequest } from "./request.js";

const calls: JsonCalls = {
  read(...request) {
    try {
      return readRequest(...request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Between threads an error has no status.
      return { status: error.status, problem: error.message };
    }
  },
  write: jsonOf,
};
answerCalls(parentPort!, calls, { moves: true });
