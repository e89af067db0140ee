/** Numbers and times as people read them: a real minus sign, a fixed number of digits where numbers stand below each other. */
export const logNfa = (value: number) => fixed(value, Math.abs(value) < 1000 ? 1 : 0);

export const score = (value: number) => fixed(value, 3);

export const milliseconds = (value: number) => (value < 10 ? fixed(value, 1) : fixed(value, 0));

export function fixed(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", "−");
}

/** ε by its logarithm: 0.002, 1, 30; beyond three zeros as a power of ten. */
export function epsilon(logEpsilon: number): string {
  if (logEpsilon >= -3 && logEpsilon <= 3) return String(Number((10 ** logEpsilon).toPrecision(2)));
  const exponent = Math.floor(logEpsilon);
  const mantissa = Number((10 ** (logEpsilon - exponent)).toPrecision(2));
  return `${mantissa === 1 ? "" : `${mantissa} × `}10${superscript(exponent)}`;
}

const superscript = (value: number) =>
  String(value).replace(/[-\d]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]!));

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayAndClock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

export const timeOfDay = (time: string | number) => clock.format(new Date(time));

export const dateAndTime = (time: string) => dayAndClock.format(new Date(time));

/** How long ago, in the one unit that matters, which no line break parts from its number. */
export function age(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${Math.round(seconds / 3600)}\u00a0h`;
}

export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
