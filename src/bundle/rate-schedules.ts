/** How the learning rate moves over a training; docs/maths.md, "Training". */
export const rateSchedules = ["linear", "cosine"] as const;
export type RateSchedule = (typeof rateSchedules)[number];
