import { messageOf, UflowError } from "../error.js";
import { readCheckpoint, type TrainingIdentity, writeCheckpoint } from "./checkpoint.js";
import type { LearningState } from "./learning.js";

/** Keeps the state of a training in its file, every so many epochs and when it ends in whatever way. */
export class CheckpointKeeper {
  private kept: LearningState | undefined;

  constructor(
    private readonly path: string,
    private readonly identity: TrainingIdentity,
    /** Epochs; 0: nothing is written. */
    private readonly every: number,
    private readonly notify: (notice: string) => void,
  ) {}

  /**
   * The state to go on from: that of the file, or `fresh` where there is none; it is told which.
   * @throws UflowError ERR_UFLOW_BAD_CHECKPOINT
   */
  async resume(fresh: LearningState): Promise<LearningState> {
    const state = await readCheckpoint(this.path, this.identity, fresh.flow.values.length);
    if (!state) {
      this.notify(`There is no checkpoint "${this.path}"; the training begins at the beginning`);
      return fresh;
    }
    this.notify(`Resumed after epoch ${state.losses.length} from "${this.path}"`);
    this.kept = state;
    return state;
  }

  async keepEpoch(state: LearningState, last: boolean): Promise<void> {
    if (this.every > 0 && (last || state.losses.length % this.every === 0)) await this.keep(state);
  }

  /** Keeps what an interrupted training had come to. @returns its error, which says so. */
  async keepAfter(error: unknown, state: LearningState): Promise<unknown> {
    const epochs = state.losses.length;
    if (!(error instanceof UflowError) || this.every === 0 || epochs === 0) return error;
    if (!(await this.keep(state))) return error;
    const way = error.code === "ERR_UFLOW_DIVERGED" ? " and a lower learning rate" : "";
    return new UflowError(
      error.code,
      `${error.message}. What was learned up to epoch ${epochs} is in "${this.path}": train again with resume (--resume)${way} to go on from there`,
      { cause: error },
    );
  }

  /** Whether the file holds the state now. A full disk is no reason to lose what is in memory: it is only told. */
  private async keep(state: LearningState): Promise<boolean> {
    if (this.kept === state) return true;
    try {
      await writeCheckpoint(this.path, this.identity, state);
      this.kept = state;
      return true;
    } catch (error) {
      this.notify(`The checkpoint was not written, the training goes on. ${messageOf(error)}`);
      return false;
    }
  }
}
