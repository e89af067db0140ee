import type { z } from "zod";
import { UflowError } from "./error.js";

/**
 * Checks the options of a public function against its schema.
 * @throws UflowError ERR_UFLOW_BAD_OPTION that names every wrong option at once.
 */
export function parseOptions<T extends z.ZodType>(where: string, schema: T, options: unknown): z.output<T> {
  const result = schema.safeParse(options ?? {}, { reportInput: true });
  if (result.success) return result.data;
  const sentences = result.error.issues.map(sentence);
  throw new UflowError("ERR_UFLOW_BAD_OPTION", `Wrong options for ${where}: ${sentences.join("; ")}`);
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `unknown option ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  }
  const name = issue.path.join(".") || "options";
  const { message, input } = issue;
  const wanted = message.replace(/^Invalid input: /, "").replace(/, received .*$/, "");
  return `${name}: ${lowerFirst(wanted)}, but received ${show(input)}`;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

function show(input: unknown): string {
  if (input === undefined) return "nothing";
  if (typeof input === "string" || typeof input === "boolean" || input === null) return JSON.stringify(input);
  if (typeof input === "number" || typeof input === "bigint") return String(input);
  if (Array.isArray(input)) return input.length === 0 ? "an empty array" : "an array";
  return typeof input === "object" ? "an object" : `a ${typeof input}`;
}
