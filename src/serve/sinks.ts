import {
  type AuditStore,
  openAuditStore,
  postToWebhook,
  publishToMqtt,
  type Sink,
  writeToFolder,
} from "../records/index.js";
import type { CheckedServiceOptions } from "./options.js";

/** Where results go. */
export interface OpenSinks {
  each: Sink[];
  /** One of them, where there is one: its last record is what new ones go on after. */
  audit: AuditStore | undefined;
}

/**
 * Opens what the options name. None of it delays a verdict.
 * @param onProblem is told what goes wrong later
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_OUTPUT; then none is open.
 */
export async function openSinks(
  { audit, auditImages, mqtt, webhook, records }: CheckedServiceOptions,
  onProblem: (problem: string) => void,
): Promise<OpenSinks> {
  const sinks: OpenSinks = { each: [], audit: undefined };
  try {
    if (audit !== undefined) {
      sinks.audit = await openAuditStore(audit, { onProblem, keepImages: auditImages });
      sinks.each.push(sinks.audit);
    }
    if (records !== undefined) sinks.each.push(await writeToFolder(records, { onProblem }));
    if (webhook !== undefined) sinks.each.push(await postToWebhook(webhook, { onProblem }));
    if (mqtt !== undefined) sinks.each.push(await publishToMqtt(mqtt, { onProblem }));
    return sinks;
  } catch (error) {
    await Promise.all(sinks.each.map((sink) => sink.close()));
    throw error;
  }
}
