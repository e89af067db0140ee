import type { LearningState, StepReport } from "./learning.js";
import type { TrainProgress } from "./options.js";

/** Turns what happens in a training into what its caller is told. */
export class ProgressTeller {
  private last: TrainProgress;
  private pace: Pace;

  constructor(
    pictures: number,
    private readonly epochs: number,
    private readonly send: (progress: TrainProgress) => void,
  ) {
    this.pace = new Pace(pictures);
    this.last = {
      phase: "features",
      ...this.pace.at(0),
      epoch: 0,
      epochs,
      epochDone: false,
      loss: null,
      gradientNorm: null,
      rate: null,
      heldOut: null,
      bestEpoch: null,
      recoveries: [],
    };
  }

  picture(done: number): void {
    this.tell({ ...this.last, ...this.pace.at(done) });
  }

  /** The training begins, or goes on after so many steps. */
  startTraining(state: LearningState, total: number): void {
    this.pace = new Pace(total, state.flow.steps);
    this.last = { ...this.last, phase: "training", ...soFar(state) };
  }

  step({ steps, ...report }: StepReport, state: LearningState): void {
    const { epochs } = this;
    this.tell({ phase: "training", ...this.pace.at(steps), epochs, ...report, ...soFar(state) });
  }

  /** Beside how far the training was told to be last. */
  notice(notice: string, state?: LearningState): void {
    this.send({ ...this.last, ...(state && soFar(state)), notice });
  }

  private tell(progress: TrainProgress): void {
    this.last = progress;
    this.send(progress);
  }
}

function soFar({ heldOutLosses, best, recoveries }: LearningState) {
  return { heldOut: heldOutLosses.at(-1) ?? null, bestEpoch: best?.epoch ?? null, recoveries };
}

/** Time left, from the pace so far. */
class Pace {
  private readonly start = performance.now();

  constructor(
    private readonly total: number,
    private readonly before = 0,
  ) {}

  at(done: number): Pick<TrainProgress, "done" | "total" | "secondsLeft"> {
    const elapsed = (performance.now() - this.start) / 1000;
    const here = done - this.before;
    const secondsLeft = here > 0 ? (elapsed / here) * (this.total - done) : null;
    return { done, total: this.total, secondsLeft };
  }
}
