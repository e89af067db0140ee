import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UflowError } from "../error.js";
import { Inspector, type InspectorOptions, type OpenOptions } from "../inspect/index.js";
import type { ModelEvent, ModelSummary } from "./api.js";
import { Refusal } from "./refusal.js";

/** A model under the name by which clients ask for it. */
export interface LoadedModel {
  readonly name: string;
  readonly inspector: Inspector;
  /** Name of its file, without the folder. */
  file: string;
  since: Date;
}

export interface ModelsOptions {
  /** From which models are loaded; undefined: none can be. */
  folder: string | undefined;
  inspector: InspectorOptions;
  /** Is told how far the network of `mcait` is, while it is built. */
  onNetwork: OpenOptions["onNetwork"];
  /** Is told of what is loaded, swapped and unloaded. */
  onChange: (action: ModelEvent["action"], model: LoadedModel) => void;
}

/** The models that the service has open, by name. */
export class Models {
  private readonly loaded = new Map<string, LoadedModel>();
  /** Names that are being loaded, swapped or unloaded. */
  private readonly changing = new Set<string>();
  private closed = false;

  private constructor(private readonly options: ModelsOptions) {}

  /**
   * Opens the models of the start in the same lanes; each is called as its file is.
   * @throws UflowError as `Inspector.openAll()`; ERR_UFLOW_BAD_OPTION when two would have the same name.
   */
  static async open(paths: readonly string[], options: ModelsOptions): Promise<Models> {
    const models = new Models(options);
    const names = paths.map((path) => basename(path, ".uflow"));
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      const message = `Two models would be called "${twice}": models are called as their files are; rename one`;
      throw new UflowError("ERR_UFLOW_BAD_OPTION", message);
    }
    const inspectors = paths.length > 0 ? await models.openAll(paths) : [];
    inspectors.forEach((inspector, i) => {
      models.keep(names[i]!, inspector, basename(paths[i]!));
    });
    return models;
  }

  /** @throws Refusal 404; 400 when no name is given and there is not exactly one model. */
  get(name: string | undefined): LoadedModel {
    const model = name === undefined ? this.only() : this.loaded.get(name);
    if (!model) throw new Refusal(404, `No model is called "${name}"; loaded are ${this.names()}`);
    return model;
  }

  list(): LoadedModel[] {
    return [...this.loaded.values()];
  }

  /** The `.uflow` files that can be loaded; null: none can be. */
  async files(): Promise<string[] | null> {
    const { folder } = this.options;
    if (folder === undefined) return null;
    const entries = await readdir(folder).catch(() => []);
    return entries.filter((entry) => entry.endsWith(".uflow") && !entry.startsWith(".")).sort();
  }

  /** Opens a file of the folder in lanes of its own. @throws Refusal 404, 409; UflowError as `Inspector.open()`. */
  async load(name: string, file: string): Promise<LoadedModel> {
    if (this.loaded.has(name)) {
      throw new Refusal(409, `A model is called "${name}" already; PUT /v1/models/${name} swaps it`);
    }
    return await this.change(name, async () => {
      const path = await this.pathOf(file);
      const [inspector] = await this.openAll([path]);
      if (this.closed) {
        await inspector!.close();
        throw new Refusal(503, "The service is shutting down");
      }
      return this.tell("loaded", this.keep(name, inspector!, file));
    });
  }

  /** Swaps between two images; the old model stays where the new one cannot be opened. */
  async swap(name: string, file: string): Promise<LoadedModel> {
    const model = this.get(name);
    return await this.change(name, async () => {
      await model.inspector.swap(await this.pathOf(file));
      model.file = file;
      model.since = new Date();
      return this.tell("swapped", model);
    });
  }

  /** Takes no more images for the model, and frees it once those that were taken on are done. */
  async unload(name: string): Promise<void> {
    const model = this.get(name);
    await this.change(name, async () => {
      this.loaded.delete(name);
      await model.inspector.close();
      this.tell("unloaded", model);
    });
  }

  /** Finishes what was taken on. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.list().map(({ inspector }) => inspector.close()));
  }

  private openAll(paths: readonly string[]): Promise<Inspector[]> {
    const { inspector, onNetwork } = this.options;
    return Inspector.openAll(paths, { ...inspector, onNetwork });
  }

  private only(): LoadedModel {
    const [model, ...others] = this.loaded.values();
    if (!model) throw new Refusal(404, "No model is loaded; POST /v1/models loads one");
    if (others.length > 0) throw new Refusal(400, `Say which model: ${this.names()}`);
    return model;
  }

  private names(): string {
    return [...this.loaded.keys()].join(", ") || "none";
  }

  private keep(name: string, inspector: Inspector, file: string): LoadedModel {
    const model = { name, inspector, file, since: new Date() };
    this.loaded.set(name, model);
    return model;
  }

  private tell(action: ModelEvent["action"], model: LoadedModel): LoadedModel {
    this.options.onChange(action, model);
    return model;
  }

  /** One change of a name at a time. */
  private async change<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.changing.has(name)) throw new Refusal(409, `The model "${name}" is just being changed`);
    this.changing.add(name);
    try {
      return await work();
    } finally {
      this.changing.delete(name);
    }
  }

  /** A file directly in the folder, also after all links are followed. */
  private async pathOf(file: string): Promise<string> {
    const { folder } = this.options;
    if (folder === undefined) {
      throw new Refusal(403, "No folder of models is served; start the service with --models DIR");
    }
    const path = await realpath(join(folder, file)).catch(() => undefined);
    const inside = path !== undefined && dirname(path) === (await realpath(folder));
    if (!inside || !(await stat(path)).isFile()) {
      throw new Refusal(
        404,
        `There is no "${file}" in the folder of models; there are ${await this.files()}`,
      );
    }
    return path;
  }
}

/** What is told of a model. */
export function summaryOf({ name, file, since, inspector }: LoadedModel): ModelSummary {
  const { manifest, operatingPoint, device, model } = inspector;
  return {
    name,
    file,
    sha256: model,
    since: since.toISOString(),
    device,
    backbone: manifest.backbone.name,
    inputSize: manifest.inputSize,
    mapSize: manifest.mapSize,
    scales: manifest.scales.length,
    flowSteps: manifest.flowSteps,
    engine: manifest.engine,
    calibrationImages: manifest.calibration?.images ?? null,
    operatingPoint,
  };
}
