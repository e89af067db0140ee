/** Milliseconds of a clock that never goes back and is the same one in all threads of the process. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return 1000 * seconds + nanoseconds / 1e6;
}
