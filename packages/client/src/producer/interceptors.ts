// What runs around every record: the place for trace headers, as Java's ProducerInterceptor is. An interceptor that throws is logged and
// otherwise ignored, as in Java: it must not decide whether records are sent.

import type { Logger } from "@ottla/base";
import type { KafkaError } from "../errors.ts";
import type { HeaderValue, RecordMetadata, RecordToSend } from "../records.ts";

/**
 * ```ts
 * // W3C trace context (OpenTelemetry's messaging conventions): the consumer finds the header and links its span.
 * const tracing: ProducerInterceptor = {
 *   onSend(record) {
 *     const carrier: Record<string, string> = {};
 *     propagation.inject(context.active(), carrier); // sets carrier.traceparent
 *     return withHeaders(record, carrier);
 *   },
 * };
 * ```
 */
export interface ProducerInterceptor {
  /** Called within `send`, before serializing. Answers with the record to send: the same, or another such as one with more headers. */
  onSend?(record: RecordToSend): RecordToSend;
  /** Called when the record's outcome is known: where it is, or why it is nowhere. Costs an object for each record. */
  onAcknowledgement?(metadata: RecordMetadata | null, error: KafkaError | null, record: RecordToSend): void;
}

/** The record with further headers behind those that it has. */
export function withHeaders(record: RecordToSend, more: Readonly<Record<string, HeaderValue>>): RecordToSend {
  const { headers = [] } = record;
  const pairs: (readonly [string, HeaderValue])[] = [];
  const given = Array.isArray(headers)
    ? (headers as readonly (readonly [string, HeaderValue])[])
    : Object.entries(headers);
  for (const [name, value] of given)
    for (const each of Array.isArray(value) ? value : [value]) pairs.push([name, each]);
  return { ...record, headers: [...pairs, ...Object.entries(more)] };
}

export function interceptSend(
  interceptors: readonly ProducerInterceptor[],
  record: RecordToSend,
  logger: Logger,
): RecordToSend {
  let current = record;
  for (const interceptor of interceptors) {
    try {
      current = interceptor.onSend?.(current) ?? current;
    } catch (error) {
      logger.warn({ error, topic: record.topic }, "an interceptor's onSend threw; the record goes on without it");
    }
  }
  return current;
}

export function interceptAcknowledgement(
  interceptors: readonly ProducerInterceptor[],
  outcome: { metadata: RecordMetadata | null; error: KafkaError | null; record: RecordToSend },
  logger: Logger,
): void {
  for (const interceptor of interceptors) {
    try {
      interceptor.onAcknowledgement?.(outcome.metadata, outcome.error, outcome.record);
    } catch (error) {
      logger.warn({ error, topic: outcome.record.topic }, "an interceptor's onAcknowledgement threw");
    }
  }
}
