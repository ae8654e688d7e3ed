/** States that tenants are found by, and how one tenant stands. */
import type { Schema } from '../../../client/index.ts';
import type { Tone } from '../../parts/badge.tsx';
import { countOf } from '../../parts/figures.ts';

export type Tenant = Schema<'TenantPage'>['tenants'][number];

export type State = 'healthy' | 'needsPerson' | 'failing' | 'waiting' | 'suspended';

export const STATES: readonly { readonly value: State | ''; readonly text: string }[] = [
  { value: '', text: 'Any state' },
  { value: 'needsPerson', text: 'Needs a person' },
  { value: 'failing', text: 'Syncs fail' },
  { value: 'waiting', text: 'Waits for a connect' },
  { value: 'healthy', text: 'Healthy' },
  { value: 'suspended', text: 'Suspended' },
];

export function stateIn(address: URLSearchParams): State | '' {
  return STATES.find(({ value }) => value === address.get('state'))?.value ?? '';
}

/** The worst that is to be said of a tenant. */
export function standingOf({ suspended, integrations, failingSyncs }: Tenant): {
  readonly tone: Tone;
  readonly text: string;
} {
  const { total, needPerson, waiting } = integrations;
  if (suspended) return { tone: 'quiet', text: 'Suspended' };
  if (needPerson > 0) return { tone: 'bad', text: `${needPerson} of ${total} need a person` };
  if (failingSyncs !== null && failingSyncs > 0) {
    return { tone: 'bad', text: `${countOf(failingSyncs, 'sync')} ${failingSyncs === 1 ? 'fails' : 'fail'}` };
  }
  if (total === 0) return { tone: 'quiet', text: 'No integrations' };
  if (waiting > 0) return { tone: 'warn', text: `${waiting} of ${total} not connected` };
  return { tone: 'good', text: 'Healthy' };
}
