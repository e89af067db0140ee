import { distanceToLine, type Point } from "./shape.js";
import type { Box, Surface } from "./surface.js";

/**
 * An outline sampled like a surface: the signed distance (positive inside) of the union of what was drawn.
 * Drawing first and painting afterwards keeps crossing strokes from being painted twice.
 */
export class Stencil {
  readonly inside: Float32Array;
  private box: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };

  constructor(private readonly surface: Surface) {
    this.inside = new Float32Array(surface.samples * surface.samples).fill(-1);
  }

  /** A line through the points. `radius` may change along it: `share` goes from 0 to 1. */
  stroke(points: readonly Point[], radius: number | ((share: number) => number)): void {
    const last = points.length - 1;
    for (let i = 0; i < last; i++) {
      const width = typeof radius === "number" ? radius : radius((i + 0.5) / last);
      this.line(points[i]!, points[i + 1]!, width);
    }
  }

  /** Any shape by its signed distance. */
  shape(box: Box, inside: (u: number, v: number) => number): void {
    this.grow(box);
    this.surface.within(box, (u, v, k) => {
      const d = inside(u, v);
      if (d > this.inside[k]!) this.inside[k] = d;
    });
  }

  /** Visits the samples of everything drawn, with their coverage; those without any are left out. */
  paint(apply: (k: number, coverage: number, inside: number, u: number, v: number) => void): void {
    if (this.box.left > this.box.right) return;
    this.surface.within(this.box, (u, v, k) => {
      const inside = this.inside[k]!;
      const coverage = this.surface.coverage(inside);
      if (coverage > 0) apply(k, coverage, inside, u, v);
    });
  }

  private line(a: Point, b: Point, radius: number): void {
    const reach = radius + this.surface.edge;
    const box = {
      left: Math.min(a[0], b[0]) - reach,
      right: Math.max(a[0], b[0]) + reach,
      top: Math.min(a[1], b[1]) - reach,
      bottom: Math.max(a[1], b[1]) + reach,
    };
    this.shape(box, (u, v) => radius - distanceToLine(u, v, a, b));
  }

  private grow({ left, top, right, bottom }: Box): void {
    this.box = {
      left: Math.min(this.box.left, left),
      top: Math.min(this.box.top, top),
      right: Math.max(this.box.right, right),
      bottom: Math.max(this.box.bottom, bottom),
    };
  }
}
