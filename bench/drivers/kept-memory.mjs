// glibc gives large blocks back to the system and maps them anew, which costs peers in Python more than their work, in
// virtual machines above all. With these settings freed memory stays in the process: fairer to them.
export const keptMemory = {
  MALLOC_MMAP_THRESHOLD_: "4294967296",
  MALLOC_TRIM_THRESHOLD_: "8589934592",
  MALLOC_TOP_PAD_: "268435456",
};

/** The environment of a peer in Python that is to use so many threads. */
export function peerEnvironment(threads) {
  const limit = String(threads);
  return { ...keptMemory, OMP_NUM_THREADS: limit, MKL_NUM_THREADS: limit, OPENBLAS_NUM_THREADS: limit };
}
