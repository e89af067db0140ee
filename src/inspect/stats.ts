/** Milliseconds over the last minute or two. */
export interface Latency {
  p50: number;
  p95: number;
  p99: number;
}

/** How an inspector fares. Plain data; counts are since it was opened. */
export interface InspectorStats {
  /** Images that wait for a lane. */
  queued: number;
  /** Images in lanes. */
  underWay: number;
  /** Lanes that live. */
  lanes: number;
  /** Images taken on: each ends as one of good, anomalous, undecided, failed, withdrawn, or is queued or under way. */
  accepted: number;
  good: number;
  anomalous: number;
  /** Past their deadline. */
  undecided: number;
  /** Not inspected because of an error: a damaged image, a lane that died twice. */
  failed: number;
  /** Withdrawn by their signal. */
  withdrawn: number;
  /** Not taken on, because the queue was full. */
  refused: number;
  /** Tried again, because their lane died. */
  retried: number;
  /** Lanes that died and were replaced. */
  replacedLanes: number;
  /** Why the last lane died; null where none has. */
  lastProblem: string | null;
  /** Verdicts per second, over the last ten seconds. */
  throughput: number;
  /** Of verdicts; null where there were none. */
  latency: Record<"wait" | "decode" | "preprocess" | "network" | "segment" | "total", Latency> | null;
}
