/** The object Event of core/v1, made from what is to be told; pure. */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../objects.ts';
import type { EventRecorder } from './recorder.ts';

export type Told = Parameters<EventRecorder['record']>[1];

/** The same words about the same object are one Event. */
export interface Occurrences {
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly told: Told;
  /** Name of the Event. */
  readonly name: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

export interface Source {
  /** Name of the controller. */
  readonly component: string;
  /** The replica. */
  readonly instance: string;
}

/** Of the API server for Events of events.k8s.io. */
const MOST_MESSAGE_BYTES = 1024;
const MOST_NAME_CHARACTERS = 253;
const MOST_INSTANCE_CHARACTERS = 128;

export function eventsPath(namespace: string, name?: string): string {
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
}

/** Of the words about the object: short, so that thousands can be kept. */
export function occurrenceKey({ metadata, kind }: KubeObject, { type, reason, message }: Told): string {
  const words = JSON.stringify([
    kind,
    metadata.namespace,
    metadata.name,
    metadata.uid,
    type,
    reason,
    message,
  ]);
  return createHash('sha256').update(words).digest('base64');
}

/** Unique as client-go makes it: the object's name and the time, here with a random part. */
export function eventName(objectName: string, now: number, random: () => number): string {
  const part = Math.floor(random() * 2 ** 24).toString(16);
  const suffix = `.${Math.floor(now).toString(16)}${part.padStart(6, '0')}`;
  // What is cut off must not leave a dot or dash before the suffix.
  const start = objectName.slice(0, MOST_NAME_CHARACTERS - suffix.length).replace(/[.-]+$/, '');
  return start + suffix;
}

/** At most 1,024 bytes of UTF-8, cut between characters. */
export function cutMessage(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MOST_MESSAGE_BYTES) return message;
  let end = MOST_MESSAGE_BYTES - Buffer.byteLength('…');
  // Bytes within a character begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString()}…`;
}

export function coreEvent({ object, told, name, count, first, last }: Occurrences, source: Source): object {
  const { component } = source;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: object.namespace },
    involvedObject: object,
    type: told.type,
    reason: told.reason,
    message: told.message,
    source: { component },
    reportingComponent: component,
    reportingInstance: source.instance.slice(0, MOST_INSTANCE_CHARACTERS),
    firstTimestamp: timestamp(first),
    lastTimestamp: timestamp(last),
    count,
  };
}

export function occurrencePatch({ count, last }: Pick<Occurrences, 'count' | 'last'>): object {
  return { count, lastTimestamp: timestamp(last) };
}

/** metav1.Time: RFC 3339 in whole seconds. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
