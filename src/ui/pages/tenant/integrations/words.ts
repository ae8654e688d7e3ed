/** The state of an integration in plain words, with what to do about it. */
import type { Schema } from '../../../../client/index.ts';
import type { Tone } from '../../../parts/badge.tsx';

export type Integration = Schema<'Integration'>;
export type SyncState = Schema<'SyncState'>;

export interface Trouble {
  readonly what: string;
  readonly remedy?: string;
}

const STATE: Readonly<Record<Integration['status'], readonly [Tone, string]>> = {
  active: ['good', 'Connected'],
  expired: ['warn', 'Access has expired'],
  needs_reauthorization: ['bad', 'Must be connected again'],
  revoked: ['bad', 'Disconnected'],
  missing: ['quiet', 'Not connected'],
  suspended: ['warn', 'Suspended'],
};

export function stateOf({ status, missingScopes }: Integration): {
  readonly tone: Tone;
  readonly text: string;
} {
  if (status === 'active' && missingScopes.length > 0) return { tone: 'warn', text: 'Lacks rights' };
  const [tone, text] = STATE[status] ?? (['quiet', status] as const);
  return { tone, text };
}

const MOST_SCOPES = 6;

/** Everything that a person should know, the worst first. */
export function troublesOf(integration: Integration, sync: SyncState | undefined): readonly Trouble[] {
  return [ofCredential(integration), ofHold(sync), ofRun(sync)].filter((trouble) => trouble !== undefined);
}

function ofCredential({ status, reason, missingScopes, name }: Integration): Trouble | undefined {
  const said = reason?.message;
  switch (status) {
    case 'missing':
      return { what: `${name} is not connected yet`, remedy: 'Connect it: its data comes after that.' };
    case 'needs_reauthorization':
      return {
        what: said ?? `${name} has ended the access`,
        remedy: 'Connect it again. What was synced stays.',
      };
    case 'revoked':
      return {
        what: said ?? 'it was disconnected',
        remedy: 'Connect it again to go on. What was synced stays.',
      };
    case 'suspended':
      return { what: said ?? 'it rests: no calls and no syncs', remedy: 'Resume it to go on.' };
    case 'expired':
      return {
        what: said ?? 'the access has expired and could not be renewed yet',
        remedy: 'It is renewed by itself at the next use. If this stays, connect it again.',
      };
    default: {
      if (missingScopes.length === 0) return undefined;
      const shown = missingScopes.slice(0, MOST_SCOPES).join(', ');
      const more = missingScopes.length - MOST_SCOPES;
      return {
        what: `rights are missing: ${shown}${more > 0 ? ` and ${more} more` : ''}`,
        remedy: 'Connect it again and agree to what it asks for.',
      };
    }
  }
}

function ofHold(sync: SyncState | undefined): Trouble | undefined {
  if (!sync?.held) return undefined;
  const { code, message } = sync.held;
  return { what: message, ...(HELD[code] !== undefined && { remedy: HELD[code] }) };
}

const HELD: Readonly<Record<string, string>> = {
  QuotaExceeded: 'It goes on when the quota begins anew, or when the platform gives more.',
  NeedsReauthorization: 'Connect it again.',
  CredentialNotFoundError: 'Connect it.',
};

function ofRun(sync: SyncState | undefined): Trouble | undefined {
  const last = sync?.last;
  // What was not begun for this reason says the same as the hold.
  if (!last?.error || (sync?.held && last.status === 'skipped')) return undefined;
  const { message, nextStep } = last.error;
  const often = sync && sync.consecutiveFailures > 1 ? ` (${sync.consecutiveFailures} times in a row)` : '';
  const begun = RUN[last.status] ?? `the last sync failed${often}`;
  return { what: `${begun}: ${message}`, ...(nextStep !== null && { remedy: nextStep }) };
}

/** A run that goes on has a reason too where it was put off. */
const RUN: Partial<Readonly<Record<NonNullable<SyncState['last']>['status'], string>>> = {
  waiting: 'the sync waits',
  running: 'the sync had to begin again',
  skipped: 'the last sync was not begun',
  cancelled: 'the last sync was cancelled',
};
