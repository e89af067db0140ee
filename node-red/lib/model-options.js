/**
 * The options of `Inspector.open()` of a `uflow-model` node. Fields that are left empty have the engine's defaults; `options` is
 * JSON with any others. The engine checks them and names what is wrong.
 * @throws Error when `options` is not a JSON object.
 */
function modelOptions({ device, epsilon, lanes, options }) {
  return { ...numbers({ epsilon, lanes }), ...(device ? { device } : {}), ...parseOptions(options) };
}

/** The editor keeps numbers as text. */
function numbers(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && `${value}`.trim() !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, Number(value)]));
}

function parseOptions(text) {
  if (!text?.trim()) return {};
  const options = JSON.parse(text);
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new Error(`Expected further options as a JSON object but received ${text}`);
}

module.exports = { modelOptions, numbers };
