import type { DriftState } from "../../src/drift/state.ts";
import type {
  LiveEvents,
  ModelEvent,
  ModelSummary,
  Result,
  SegmentationAnswer,
  Stats,
} from "../../src/serve/api.ts";
import { LiveConnection } from "./live.ts";
import { Pictures } from "./pictures.ts";
import * as service from "./service.ts";

/** Of one model. */
export type Drift = DriftState & { model: string };

/** `stale`: there was a connection, and what is shown may not be true any more. */
export type Connection = "connecting" | "live" | "stale" | "locked";

/** What can change; a part of the page listens to what it shows. */
export type Change = "connection" | "results" | "shown" | "trial" | "stats" | "models" | "drift";

/** What another ε would have said of the shown frame. */
export interface Trial {
  logEpsilon: number;
  /** Null until the service has answered for this frame. */
  answer: SegmentationAnswer | null;
  /** Why it did not. */
  problem: string | null;
}

/** Results that the page keeps, newest first; the service has more. */
const mostResults = 500;

/** Milliseconds: a frame is shown at least so long before the next one. */
const shortestLook = 150;

/** Seconds of statistics, one a second, that the charts show. */
const mostStats = 300;

/**
 * All that the page knows of the service. Changes are told once per painted frame, however fast results come.
 */
export class Line {
  connection: Connection = "connecting";
  /** When the service was last heard, milliseconds since 1970. */
  heard = Date.now();
  /** Newest first. */
  results: Result[] = [];
  stats: Stats[] = [];
  models: ModelSummary[] = [];
  /** Files that can be loaded; null where the service has no folder of models. */
  files: string[] | null = null;
  drift: Drift[] = [];
  shown: Result | null = null;
  /** Of the shown frame. */
  pictures: Pictures | null = null;
  /** The shown frame is always the newest. */
  following = true;
  trial: Trial | null = null;

  private readonly listeners: [Change[], () => void][] = [];
  private readonly changes = new Set<Change>();
  private readonly live: LiveConnection;
  private segmenting = false;
  private advancing = false;
  /** What is to be shown when its pictures are there. */
  private wanted: Result | null = null;

  constructor() {
    const names = ["result", "stats", "drift", "model"] satisfies (keyof LiveEvents)[];
    this.live = new LiveConnection(service.liveAddress, names, {
      opened: () => this.opened(),
      event: (name, data) => this.event(name as keyof LiveEvents, data),
      lost: () => this.lost(),
    });
  }

  /** Connects, and stays connected. */
  start(): void {
    this.live.open();
  }

  /** Calls `listener` now and after each of these changes. */
  on(changes: Change[], listener: () => void): void {
    this.listeners.push([changes, listener]);
    listener();
  }

  /** The newest result, whatever is shown. */
  get newest(): Result | null {
    return this.results[0] ?? null;
  }

  /** Seconds since the newest result, by the service's clock. */
  get age(): number {
    const now = this.stats.at(-1)?.time;
    return now && this.newest ? Math.max(0, Date.parse(now) - Date.parse(this.newest.time)) / 1000 : 0;
  }

  /** The model that decided a result; null when it is not loaded any more. */
  modelOf({ model }: Result): ModelSummary | null {
    return this.models.find(({ sha256, name }) => sha256 === model.sha256 && name === model.name) ?? null;
  }

  /** Shows one frame and stays with it. */
  async show(result: Result): Promise<void> {
    this.following = false;
    this.trial = null;
    await this.present(result);
    this.change("trial");
  }

  /** Stays with the shown frame, or goes on with the newest. */
  follow(following: boolean): void {
    this.following = following;
    if (following) this.trial = null;
    this.change("shown", "trial");
    if (following && this.newest) void this.present(this.newest).then(() => this.advance());
  }

  /** Verdict and picture of a frame appear together: neither is ever seen beside that of another frame. */
  private async present(result: Result): Promise<void> {
    this.wanted = result;
    const pictures = new Pictures(result);
    await pictures.soon();
    if (this.wanted !== result) return;
    this.shown = result;
    this.pictures = pictures;
    this.change("shown");
    if (!pictures.complete) void pictures.settled.then(() => this.change("shown"));
  }

  /** Shows the frame that is so many places newer (negative: older) among those that the page keeps. */
  step(places: number): void {
    const at = this.results.findIndex(({ id }) => id === this.shown?.id);
    const next = at < 0 ? undefined : this.results[at - places];
    if (next) void this.show(next);
  }

  /** Tries another ε on the shown frame, which stays; null: the operating point again. */
  tryEpsilon(logEpsilon: number | null): void {
    this.following = false;
    this.trial = logEpsilon === null ? null : { answer: null, problem: null, ...this.trial, logEpsilon };
    this.change("shown", "trial");
    if (!this.segmenting) void this.segment();
  }

  /** Asks the service, one question at a time: what changes meanwhile is asked next. */
  private async segment(): Promise<void> {
    const { shown, trial } = this;
    if (!shown || !trial) return;
    this.segmenting = true;
    const outcome = await service.segmentation(shown.id, trial.logEpsilon).then(
      (answer) => ({ answer, problem: null }),
      (error: Error) => ({ answer: null, problem: error.message }),
    );
    this.segmenting = false;
    if (this.shown === shown && this.trial) {
      this.trial = { ...this.trial, ...outcome };
      this.change("trial");
    }
    const next = this.trial?.logEpsilon !== trial.logEpsilon || this.shown !== shown;
    if (this.trial && next) await this.segment();
  }

  private opened(): void {
    this.setConnection("live");
    void this.catchUp();
  }

  /** What happened while there was no connection. */
  async catchUp(): Promise<void> {
    try {
      const [{ results }] = await Promise.all([
        service.results({ limit: mostResults }),
        this.readModels(),
        this.readDrift(),
      ]);
      this.add(results);
    } catch {
      // The live connection notices, and tries again.
    }
  }

  async readModels(): Promise<void> {
    const { models, files } = await service.models();
    this.models = models;
    this.files = files;
    this.change("models");
  }

  async readDrift(): Promise<void> {
    const { models } = await service.drift();
    this.drift = models as unknown as Drift[];
    this.change("drift");
  }

  private event(name: keyof LiveEvents, data: unknown): void {
    this.heard = Date.now();
    if (name === "result") this.add([data as Result]);
    if (name === "stats") this.addStats(data as Stats);
    if (name === "drift") this.addDrift(data as Drift);
    if (name === "model") this.modelChanged(data as ModelEvent);
  }

  /** @param results newest first */
  private add(results: readonly Result[]): void {
    const known = new Set(this.results.map(({ id }) => id));
    const fresh = results.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return;
    this.results = [...fresh, ...this.results];
    // Results of the live connection may have overtaken the list of what was missed. Ids sort by age.
    if (known.size > 0 && fresh.length > 1) this.results.sort((a, b) => (a.id < b.id ? 1 : -1));
    this.results.length = Math.min(this.results.length, mostResults);
    this.change("results");
    void this.advance();
  }

  /** Shows what came, one frame after the other as far as there is time to look. */
  private async advance(): Promise<void> {
    if (this.advancing) return;
    this.advancing = true;
    while (this.following && this.shown !== this.newest) {
      await this.present(this.next());
      await new Promise((resolve) => setTimeout(resolve, shortestLook));
    }
    this.advancing = false;
  }

  /** Of more frames than can be looked at, an anomalous one is not passed over for a good one that came after it. */
  private next(): Result {
    const at = this.results.findIndex(({ id }) => id === this.shown?.id);
    const fresh = this.results.slice(0, Math.max(1, at));
    const latest = (verdict: Result["verdict"]) => fresh.find((result) => result.verdict === verdict);
    return latest("anomalous") ?? latest("undecided") ?? fresh[0]!;
  }

  private addStats(stats: Stats): void {
    this.stats = [...this.stats, stats].slice(-mostStats);
    this.change("stats");
  }

  private addDrift(state: Drift): void {
    this.drift = [...this.drift.filter(({ model }) => model !== state.model), state];
    this.change("drift");
  }

  private modelChanged({ action, model }: ModelEvent): void {
    const others = this.models.filter(({ name }) => name !== model.name);
    this.models =
      action === "unloaded" ? others : [...others, model].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.change("models");
  }

  private lost(): void {
    if (this.connection === "live") this.setConnection("stale");
    void this.askWhy();
  }

  /** A live connection does not tell why it was refused. */
  private async askWhy(): Promise<void> {
    const locked = await service.models().then(
      () => false,
      (error: unknown) => error instanceof service.ServiceError && error.locked,
    );
    if (locked) this.setConnection("locked");
  }

  private setConnection(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.change("connection");
  }

  private change(...changes: Change[]): void {
    if (this.changes.size === 0) requestAnimationFrame(() => this.tell());
    for (const change of changes) this.changes.add(change);
  }

  private tell(): void {
    const changed = new Set(this.changes);
    this.changes.clear();
    for (const [wanted, listener] of this.listeners) {
      if (wanted.some((change) => changed.has(change))) listener();
    }
  }
}
