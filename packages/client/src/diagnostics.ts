// What the client tells through node:diagnostics_channel. A channel without subscribers costs one check of a field;
// the message is built only when somebody listens.

import { channel } from "node:diagnostics_channel";
import type { Channel } from "node:diagnostics_channel";
import type { KafkaError } from "./errors.ts";

export interface ConnectionMessage {
  readonly clientId: string;
  /** Negative for a bootstrap server, whose id is not known yet. */
  readonly nodeId: number;
  /** "host:port". */
  readonly address: string;
  readonly lane: string;
  /** Why it could not be opened, or why it was closed; null when it was closed in order. */
  readonly error?: KafkaError | null;
}

export interface RequestMessage extends ConnectionMessage {
  readonly api: string;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly requestBytes: number;
}

export interface AnswerMessage extends RequestMessage {
  /** From handing the request to the socket to the whole answer. */
  readonly latencyMs: number;
  readonly responseBytes: number;
}

export interface MetadataMessage {
  readonly clientId: string;
  readonly clusterId: string | null;
  readonly brokers: number;
  readonly topics: number;
  readonly updates: number;
}

/** Publishes what `message` makes, if anybody listens. */
export interface Announcer<Message> {
  readonly name: string;
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

/** A channel `ottla:client:<thing>:<verb>`. */
export function announcer<Message>(name: string): Announcer<Message> {
  return channel(`ottla:client:${name}`) as Channel & Announcer<Message>;
}

export const connectionOpened = announcer<ConnectionMessage>("connection:open");
export const connectionClosed = announcer<ConnectionMessage>("connection:close");
export const connectionFailed = announcer<ConnectionMessage>("connection:error");
export const requestSent = announcer<RequestMessage>("request:sent");
export const requestAnswered = announcer<AnswerMessage>("request:answered");
export const metadataUpdated = announcer<MetadataMessage>("metadata:updated");
