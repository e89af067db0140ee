import { DriftMonitor } from "../drift/index.js";
import type { Outcome } from "../inspect/inspection.js";
import type { Drift as DriftOfModel } from "./api.js";
import type { LoadedModel } from "./models.js";

/** A drift monitor for each model that is loaded. */
export class Drift {
  private readonly monitors = new Map<string, DriftMonitor>();

  constructor(
    private readonly mapSize: number | undefined,
    /** Is told whenever a window of parts has ended. */
    private readonly onChange: (drift: DriftOfModel) => void,
  ) {}

  /** Begins anew with a model that was loaded or swapped in. */
  watch({ name, inspector: { manifest, operatingPoint, model } }: LoadedModel): void {
    this.monitors.set(name, new DriftMonitor({ manifest, operatingPoint, model }, { mapSize: this.mapSize }));
  }

  forget(name: string): void {
    this.monitors.delete(name);
  }

  add(name: string, outcome: Outcome): void {
    const monitor = this.monitors.get(name);
    if (monitor?.add(outcome)) this.onChange({ model: name, ...monitor.state });
  }

  states(): DriftOfModel[] {
    return Array.from(this.monitors, ([model, monitor]) => ({ model, ...monitor.state }));
  }
}
