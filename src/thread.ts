import { type MessagePort, Worker } from "node:worker_threads";
import { messageOf, type PlainError, toPlainError, UflowError } from "./error.js";
import { yieldToEventLoop } from "./niceness.js";

/** What a thread can be asked for: functions of plain data. */
type Methods<Face> = { [Name in keyof Face]: (...args: never[]) => unknown };
type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
type Result<Method> = Method extends (...args: never[]) => infer Value ? Awaited<Value> : never;

interface Request {
  id: number;
  /** Undefined to end. */
  method: PropertyKey | undefined;
  args: readonly unknown[];
}

type Reply = { id: number; result: unknown } | { id: number; error: PlainError };

interface Pending {
  resolve: (result: never) => void;
  reject: (error: UflowError) => void;
}

export interface ThreadOptions {
  /** What starts it; default: a worker of the file alone. */
  start?: (file: URL) => Worker;
  workerData?: unknown;
  /** Whether the memory of typed arrays goes to the other side, instead of a copy; `answerCalls` must be told the same. */
  moves?: boolean;
}

/**
 * A thread that answers calls. It is started by the first, and again by the next after it died; it keeps the process alive
 * only while it is asked.
 */
export class Thread<Face extends Methods<Face>> {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private closed = false;

  /** @param name for messages: "the audit store" */
  constructor(
    private readonly name: string,
    private readonly file: URL,
    private readonly options: ThreadOptions = {},
  ) {}

  /** @throws UflowError as the method does; ERR_UFLOW_LANE when the thread died, ERR_UFLOW_CLOSED after `close()`. */
  call<Name extends keyof Face>(method: Name, ...args: Arguments<Face[Name]>): Promise<Result<Face[Name]>> {
    if (this.closed) return Promise.reject(new UflowError("ERR_UFLOW_CLOSED", `The ${this.name} is closed`));
    this.worker ??= this.start();
    const { worker } = this;
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, method, args } satisfies Request, moved(args, this.options));
    });
  }

  /** Waits for what was asked before, and ends the thread. */
  async close(): Promise<void> {
    this.closed = true;
    const { worker } = this;
    if (!worker) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    worker.ref();
    worker.postMessage({ id: this.nextId++, method: undefined, args: [] } satisfies Request);
    await exited;
  }

  private start(): Worker {
    const { start, workerData } = this.options;
    // Not the flags of the process, which may be for a program given as text.
    const worker = start?.(this.file) ?? new Worker(this.file, { workerData, execArgv: [] });
    let reason = "it ended";
    worker.on("message", (reply: Reply) => this.receive(reply));
    worker.on("error", (error) => {
      reason = messageOf(error);
    });
    worker.on("exit", () => this.end(reason));
    return worker;
  }

  private receive(reply: Reply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if (this.pending.size === 0 && !this.closed) this.worker?.unref();
    if ("error" in reply) pending?.reject(new UflowError(reply.error.code, reply.error.message));
    else pending?.resolve(reply.result as never);
  }

  private end(reason: string): void {
    this.worker = undefined;
    const error = new UflowError("ERR_UFLOW_LANE", `The thread of the ${this.name} failed: ${reason}`);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

/** The other side: answers calls in the order in which they come, and yields to the event loop of the process. */
export function answerCalls<Face extends Methods<Face>>(
  port: MessagePort,
  methods: Face,
  { close, moves = false }: { close?: () => unknown; moves?: boolean } = {},
): void {
  yieldToEventLoop();
  let last = Promise.resolve();
  const answer = async ({ id, method, args }: Request) => {
    if (method === undefined) {
      await close?.();
      port.close();
      return;
    }
    const work: (...args: never[]) => unknown = methods[method as keyof Face];
    try {
      const result = await work(...(args as never[]));
      port.postMessage({ id, result } satisfies Reply, moved(result, { moves }));
    } catch (error) {
      port.postMessage({ id, error: toPlainError(error, "ERR_UFLOW_LANE") } satisfies Reply);
    }
  };
  port.on("message", (request: Request) => {
    last = last.then(() => answer(request));
  });
}

/** The memory of all typed arrays in some plain data, where it is to be moved; but of parts of larger memory, which stays. */
function moved(data: unknown, { moves = false }: { moves?: boolean | undefined }): ArrayBuffer[] {
  if (!moves || typeof data !== "object" || data === null) return [];
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteLength } = data;
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
  }
  return Object.values(data).flatMap((part) => moved(part, { moves }));
}
