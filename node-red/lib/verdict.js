/** The outputs of a node that has three, in this order. */
const verdicts = ["good", "anomalous", "undecided"];

/** What goes on as `msg.payload`: the outcome without the maps of an overlay, which few flows can use and no broker wants. */
function payloadOf(outcome, station) {
  const { anomalyMap, logNfaMap, mask, ...payload } = outcome;
  return { ...payload, station };
}

/** That there is no verdict: `busy` when an image was not taken on, `failed` when it could not be inspected. */
function undecided(reason, { code = "ERR_UFLOW_INTERNAL", message }) {
  return { verdict: "undecided", reason, error: { code, message } };
}

/** An error with a code, as the engine's have one. */
function failure(code, message) {
  return Object.assign(new Error(message), { code });
}

/**
 * The status light after an outcome: fill, shape and text.
 * @param node how many images are under way (with this one), and were refused since it started
 */
function lightOf({ verdict, reason, logNfa, error }, milliseconds, { underWay, refused }) {
  if (reason === "busy") return ["yellow", "ring", `full: ${refused} not taken on`];
  if (reason === "failed") return ["red", "ring", error.message];
  const time = `${Math.round(milliseconds)} ms`;
  if (verdict === "undecided") return ["yellow", "ring", `undecided (${reason}), ${time}`];
  const others = underWay.size > 1 ? `, ${underWay.size - 1} under way` : "";
  return [
    verdict === "good" ? "green" : "red",
    "dot",
    `${verdict}, log NFA ${logNfa.toFixed(1)}, ${time}${others}`,
  ];
}

module.exports = { failure, lightOf, payloadOf, undecided, verdicts };
