/** What is asked of areas. Lanes, which are given checked options, start sooner without. */
import { z } from "zod";

const place = z.int().min(0).max(1_000_000);
const side = z.int().min(1).max(1_000_000);

export const areaSchema = z.strictObject({ x: place, y: place, width: side, height: side });

export const tilingSchema = z.strictObject({
  size: z.int().min(16).max(1_000_000),
  overlap: z.int().min(0).max(500_000),
});

const mostPoints = 10_000;
const coordinate = z.number().min(-1_000_000).max(1_000_000);
const polygon = z.array(z.tuple([coordinate, coordinate])).min(3);

export const polygonsSchema = z
  .array(polygon)
  .refine(
    (polygons) => polygons.reduce((sum, { length }) => sum + length, 0) <= mostPoints,
    `expected at most ${mostPoints} points`,
  );

export const ignoreSchema = z
  .strictObject({ polygons: polygonsSchema.optional(), mask: z.string().min(1).optional() })
  .refine(({ polygons, mask }) => polygons || mask, "expected polygons or a mask");
