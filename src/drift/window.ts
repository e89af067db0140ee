import type { Numbers, Test } from "./reference.js";
import type { Finding } from "./state.js";

/** So many parts in a row, judged together when they are there; then the next ones. */
export class PartsWindow {
  /** Parts so far. */
  parts = 0;
  /** What the last whole window showed; an alarm holds until a window shows nothing. */
  findings: Finding[] = [];
  private rejected = 0;
  /** [number][part] of the window that is being filled. */
  private filling: Float64Array[];
  /** Of the last whole one. */
  private filled: Float64Array[];

  /** @param rejectedFrom parts called anomalous that are worth a word; null: none */
  constructor(
    private readonly kind: Finding["parts"],
    private readonly tests: readonly Test[],
    private readonly rejectedFrom: number | null,
    private readonly shape: { size: number; numbers: number },
  ) {
    this.filling = this.empty();
    this.filled = this.empty();
  }

  get whole(): boolean {
    return this.parts >= this.shape.size;
  }

  get alarming(): boolean {
    return this.findings.some(({ level }) => level === "alarm");
  }

  /** Whether any number of parts could raise the alarm. */
  get canAlarm(): boolean {
    return this.tests.some(({ alarmFrom }) => alarmFrom !== null);
  }

  /** One of the numbers, of the parts of the last whole window. */
  last(index: number): Float64Array {
    return this.filled[index]!;
  }

  /** @returns whether the window is whole with this part. */
  add(numbers: Numbers, verdict: "good" | "anomalous"): boolean {
    const { size } = this.shape;
    const place = this.parts % size;
    numbers.forEach((number, index) => {
      this.filling[index]![place] = number;
    });
    this.parts += 1;
    if (verdict === "anomalous") this.rejected += 1;
    if (place < size - 1) return false;
    [this.filled, this.filling] = [this.filling, this.filled];
    this.judge();
    this.rejected = 0;
    return true;
  }

  private judge(): void {
    const found = [...this.found()];
    const subsiding = this.alarming && found.length > 0 && !found.some(({ level }) => level === "alarm");
    if (!subsiding) this.findings = found;
  }

  private *found(): Generator<Finding> {
    for (const { index, watchFrom, alarmFrom, ...test } of this.tests) {
      const count = beyond(this.filled[index]!, test.side, test.limit);
      const level = levelOf(count, watchFrom, alarmFrom);
      if (level) yield { level, parts: this.kind, ...test, count, alarmFrom };
    }
    const { rejected, rejectedFrom } = this;
    if (rejectedFrom === null || rejected < rejectedFrom) return;
    const rejects = { what: "rejected", scale: null, side: "higher", limit: rejectedFrom - 1 } as const;
    yield { level: "watch", parts: this.kind, ...rejects, count: rejected, alarmFrom: null };
  }

  private empty(): Float64Array[] {
    const { size, numbers } = this.shape;
    return Array.from({ length: numbers }, () => new Float64Array(size));
  }
}

function beyond(values: Float64Array, side: Finding["side"], limit: number): number {
  let count = 0;
  for (const value of values) {
    if (side === "higher" ? value > limit : value < limit) count += 1;
  }
  return count;
}

function levelOf(count: number, watchFrom: number | null, alarmFrom: number | null): Finding["level"] | null {
  if (alarmFrom !== null && count >= alarmFrom) return "alarm";
  return watchFrom !== null && count >= watchFrom ? "watch" : null;
}
