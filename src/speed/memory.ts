/** The memory of the process while images pass, seen at about as many moments however many they are. */
export class MemoryWatch {
  private readonly samples: { frame: number; bytes: number }[] = [];
  private interval = 16;
  private frames = 0;

  /** Called for every image. */
  tick(): void {
    this.frames += 1;
    if (this.frames % this.interval !== 0) return;
    this.samples.push({ frame: this.frames, bytes: process.memoryUsage.rss() });
    if (this.samples.length < 256) return;
    // Every second one is let go.
    this.samples.splice(0, this.samples.length, ...this.samples.filter((_, i) => i % 2 === 1));
    this.interval *= 2;
  }

  /**
   * `bytesPerFrame` is how fast the memory grows at the end: the line through the later half, in the least squares; null
   * with fewer than 8 samples in it.
   */
  result(): { frames: number; startMB: number; endMB: number; bytesPerFrame: number | null } {
    const megabytes = (bytes: number | undefined) => (bytes ?? process.memoryUsage.rss()) / 1e6;
    const later = this.samples.slice(this.samples.length >> 1);
    return {
      frames: this.frames,
      startMB: megabytes(this.samples[0]?.bytes),
      endMB: megabytes(this.samples.at(-1)?.bytes),
      bytesPerFrame: later.length < 8 ? null : slopeOf(later),
    };
  }
}

function slopeOf(samples: readonly { frame: number; bytes: number }[]): number {
  const mean = (of: (sample: { frame: number; bytes: number }) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const frame = mean((sample) => sample.frame);
  const bytes = mean((sample) => sample.bytes);
  const covariance = mean((sample) => (sample.frame - frame) * (sample.bytes - bytes));
  return covariance / mean((sample) => (sample.frame - frame) ** 2);
}
