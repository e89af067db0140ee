/** The thread of an audit store: what waits for the disk waits here. */
import { parentPort, workerData } from "node:worker_threads";
import { answerCalls } from "../../thread.js";
import { AuditDatabase } from "./database.js";

export interface AuditTask {
  path: string;
  create: boolean;
}

/** What the thread can be asked for. */
export type AuditCalls = Pick<
  AuditDatabase,
  "append" | "page" | "head" | "anchor" | "links" | "images" | "pruneStep"
>;

const { path, create } = workerData as AuditTask;
let database: AuditDatabase | undefined;

/** Opened by the first call, which is so told what is wrong. */
const opened = () => {
  database ??= new AuditDatabase(path, create);
  database.checkPlace();
  return database;
};

answerCalls<AuditCalls>(
  parentPort!,
  {
    append: (...args) => opened().append(...args),
    page: (...args) => opened().page(...args),
    head: () => opened().head(),
    anchor: () => opened().anchor(),
    links: (...args) => opened().links(...args),
    images: (...args) => opened().images(...args),
    pruneStep: (...args) => opened().pruneStep(...args),
  },
  { close: () => database?.close() },
);
