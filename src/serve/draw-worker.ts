/** The thread of `Pictures`. */
import { parentPort } from "node:worker_threads";
import { answerCalls } from "../thread.js";
import { draw, resegment } from "./draw.js";
import type { DrawCalls } from "./pictures.js";

answerCalls<DrawCalls>(parentPort!, { draw, resegment });
