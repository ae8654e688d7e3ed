/** Runs of syncs in plain words. */
import type { Schema } from '../../../client/index.ts';
import type { Tone } from '../badge.tsx';

export type Run = Schema<'SyncRun'>;

const STATUS: Readonly<Record<Run['status'], readonly [Tone, string]>> = {
  waiting: ['quiet', 'Waiting'],
  running: ['warn', 'Running'],
  succeeded: ['good', 'Succeeded'],
  failed: ['bad', 'Failed'],
  cancelled: ['quiet', 'Cancelled'],
  skipped: ['warn', 'Not begun'],
};

const TRIGGER: Readonly<Record<Run['trigger'], string>> = {
  schedule: 'By schedule',
  manual: 'By hand',
  retry: 'Tried again',
  first: 'First after connecting',
};

const CLASS: Readonly<Record<NonNullable<Run['error']>['class'], string>> = {
  token: 'Access to the service',
  rate_limit: 'Rate limit of the service',
  airbyte: 'Sync service',
  provider: 'The service itself',
  configuration: 'Settings or rights',
  schema: 'Form of the data',
  stuck: 'No progress',
  connector: 'Connector',
};

export function statusOf({ status }: Pick<Run, 'status'>): { readonly tone: Tone; readonly text: string } {
  // A newer sidecar may have more.
  const [tone, text] = STATUS[status] ?? (['quiet', status] as const);
  return { tone, text };
}

export function triggerOf({ trigger, attempt }: Run): string {
  const text = TRIGGER[trigger] ?? trigger;
  return attempt > 1 ? `${text} (try ${attempt})` : text;
}

export function classOf({ class: kind }: NonNullable<Run['error']>): string {
  return CLASS[kind] ?? kind;
}

export function isUnderWay({ status }: Pick<Run, 'status'>): boolean {
  return status === 'waiting' || status === 'running';
}

/** Milliseconds from its begin to its end, or to now. */
export function lengthOf({ startedAt, endedAt }: Run, now: number): number | undefined {
  if (startedAt === null) return undefined;
  return (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt);
}

export function pathOfRun({ tenant, integration, id }: Pick<Run, 'tenant' | 'integration' | 'id'>): string {
  return `${pathOfSyncs(tenant, integration)}/${encodeURIComponent(id)}`;
}

export function pathOfSyncs(tenant: string, integration: string): string {
  return `${pathOfIntegration(tenant, integration)}/syncs`;
}

export function pathOfIntegration(tenant: string, integration: string): string {
  return `/tenants/${encodeURIComponent(tenant)}/integrations/${encodeURIComponent(integration)}`;
}
