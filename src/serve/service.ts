import { type AddressInfo, isIPv6 } from "node:net";
import { inTenths } from "../backbone/network-progress.js";
import { messageOf, UflowError } from "../error.js";
import { type FrameRecord, Sinks } from "../records/index.js";
import { Access } from "./access.js";
import type { ModelEvent } from "./api.js";
import { addRoutes, newApplication } from "./application.js";
import { Drift } from "./drift.js";
import { isLoopback } from "./foreign-pages.js";
import { Inspections } from "./inspections.js";
import { Keys } from "./keys.js";
import { JsonThread } from "./kserve/json-thread.js";
import { Live } from "./live.js";
import { Metrics } from "./metrics.js";
import { type LoadedModel, Models, summaryOf } from "./models.js";
import { checkServiceOptions, type ServiceOptions } from "./options.js";
import type { App, Parts } from "./parts.js";
import { Pictures } from "./pictures.js";
import { Results } from "./results.js";
import { openSinks } from "./sinks.js";
import { statsOf } from "./state.js";

/** Milliseconds between `stats` events. */
const statsInterval = 1000;
/**
 * Connections that may wait to be accepted; the system may allow fewer (net.core.somaxconn, 4096). With Node's 511, some of
 * ten thousand at once are reset.
 */
const backlog = 4096;

/** Opens models and sinks, and listens. @throws UflowError as `startService()` does; then nothing is left open. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const checked = checkServiceOptions(options);
  const keys = checked.apiKeys === undefined ? undefined : await Keys.read(checked.apiKeys);
  const app = newApplication(checked);
  const { each, audit } = await openSinks(checked, (problem) => app.log.warn(problem));
  const sinks = new Sinks([...each, ...checked.sinks]);
  const results = new Results({ count: checked.historyResults, bytes: checked.historyBytes });
  const live = new Live(results);
  const service = { options: checked, results, live, sinks, access: new Access(keys), app };
  try {
    return await open(service, audit?.last);
  } catch (error) {
    live.close();
    await sinks.close();
    throw error;
  }
}

type Beginnings = Pick<Parts, "options" | "results" | "live" | "sinks" | "access"> & { app: App };

/** @param last the last record of an earlier run */
async function open({ app, ...begun }: Beginnings, last: FrameRecord | undefined): Promise<Service> {
  const { options, live } = begun;
  const { modelsFolder: folder, inspector } = options;
  const metrics = new Metrics();
  const drift = new Drift(inspector.mapSize, (state) => live.send("drift", state));
  const onChange = (action: ModelEvent["action"], model: LoadedModel) => {
    if (action === "unloaded") drift.forget(model.name);
    else drift.watch(model);
    live.send("model", { action, model: summaryOf(model) });
  };
  const onNetwork = inTenths((text) => app.log.info(text));
  const models = await Models.open(options.models, { folder, inspector, onNetwork, onChange });
  for (const model of models.list()) drift.watch(model);
  const inspections = new Inspections({ ...begun, metrics, drift }, options, last);
  const pictures = new Pictures(inspector.maxPixels);
  const service = new Service(app, {
    ...begun,
    models,
    inspections,
    pictures,
    json: new JsonThread(),
    drift,
    metrics,
    started: new Date(),
  });
  try {
    await service.listen();
    return service;
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** A service that runs. */
export class Service implements AsyncDisposable {
  private readonly parts: Parts;
  private readonly timer: NodeJS.Timeout;
  private closing: Promise<boolean> | undefined;

  /** By `startService()`. */
  constructor(
    private readonly app: App,
    parts: Omit<Parts, "draining">,
  ) {
    this.parts = { ...parts, draining: () => this.closing !== undefined };
    const tellStats = () => {
      if (parts.live.count > 0) parts.live.send("stats", statsOf(this.parts));
    };
    this.timer = setInterval(tellStats, statsInterval).unref();
  }

  /** Where it is: `http://127.0.0.1:8080`. */
  get url(): string {
    const { address, port } = this.app.server.address() as AddressInfo;
    const host = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[address] ?? address;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  }

  /** @throws UflowError ERR_UFLOW_BAD_OPTION when the address cannot be had. */
  async listen(): Promise<void> {
    const { options, access } = this.parts;
    const { host, port } = options;
    this.parts.metrics.watch(this.parts);
    await addRoutes(this.app, this.parts);
    try {
      await this.app.listen({ host, port, backlog });
    } catch (error) {
      throw cannotListen(host, port, error);
    }
    const { log } = this.app;
    if (access.open && !isLoopback(host)) {
      log.warn(`anyone who reaches ${host} may inspect and swap models: use --api-keys`);
    }
    log.info({ url: this.url, models: this.parts.models.list().map(summaryOf) }, "started");
  }

  /**
   * Takes nothing on any more, answers what was taken on, closes sinks and models. What is not done within
   * `shutdownTimeout` is cut off.
   * @returns whether all was answered, and what still waited for sinks has arrived
   */
  close(): Promise<boolean> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async shutDown(): Promise<boolean> {
    const { options, live, models, pictures, json, sinks } = this.parts;
    const { log } = this.app;
    const end = performance.now() + options.shutdownTimeout;
    clearInterval(this.timer);
    live.close();
    // Connections whose answer had begun before are idle only after it.
    const sweep = setInterval(() => this.app.server.closeIdleConnections(), 50);
    // Models last: a request that is still arriving is to have its verdict.
    const answered = await within(end, this.app.close());
    clearInterval(sweep);
    if (!answered) {
      log.error(`not all was answered within ${options.shutdownTimeout} ms`);
      this.app.server.closeAllConnections();
    }
    await within(Math.max(end, performance.now() + 1000), models.close());
    const left = Math.max(0, end - performance.now());
    const dropped = sinks.stats.dropped;
    await sinks.close(left);
    await Promise.all([pictures.close(), json.close()]);
    const lost = sinks.stats.dropped - dropped;
    log.info({ answered, lost }, "stopped");
    return answered && lost === 0;
  }
}

/** Whether the work was done by then. */
async function within(end: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), end - performance.now());
  });
  const done = work.then(() => true);
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function cannotListen(host: string, port: number, error: unknown): UflowError {
  const { code } = error as NodeJS.ErrnoException;
  const problem = {
    EADDRINUSE: `port ${port} is taken; give another`,
    EACCES: `port ${port} needs more rights`,
  };
  const reason = problem[code as keyof typeof problem] ?? messageOf(error);
  const message = `Wrong options for startService: port: cannot listen at ${host}: ${reason}`;
  return new UflowError("ERR_UFLOW_BAD_OPTION", message, { cause: error });
}
