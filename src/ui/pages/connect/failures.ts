/** Why connecting did not work, in words for the person who tried, with the next step. */
import { SidecarError } from '../../../client/index.ts';
import { messageOf } from '../../parts/failure.tsx';

export interface Words {
  readonly title: string;
  readonly happened: string;
  readonly next: string;
  /** `again`: the same once more; `account`: again, or disconnect first; `wait`: nothing that this person can do. */
  readonly action: 'again' | 'account' | 'wait';
  readonly code?: string;
}

/** What went wrong: a code that the sidecar told of a flow, or a call that failed. */
export type Trouble = { readonly code: string } | { readonly error: unknown };

type Told = Omit<Words, 'code'>;

const BY_CODE: Readonly<Record<string, (name: string) => Told>> = {
  ConnectDenied: (name) => ({
    title: 'Access was not granted',
    happened: `${name} says that access was denied. Nothing was connected.`,
    next: `Connect again and agree at ${name}. You may need somebody who is an administrator there.`,
    action: 'again',
  }),
  ApprovalPending: (name) => ({
    title: 'An owner has to approve it',
    happened: `${name} has asked an owner of your account there to approve the app. Nothing is connected yet.`,
    next: `Connect again when the owner has approved it at ${name}.`,
    action: 'again',
  }),
  StateInvalid: () => ({
    title: 'That took too long',
    happened: 'An attempt to connect is good for 10 minutes, in the browser that began it, and once.',
    next: 'Begin again: it takes a minute.',
    action: 'again',
  }),
  AccountMismatch: (name) => ({
    title: 'This is another account',
    happened: `The account that was chosen at ${name} is not the one that is connected here, or another customer has connected it. What is there was left as it is.`,
    next: `Connect again with the account of before. To change to another account, disconnect ${name} first.`,
    action: 'account',
  }),
  ScopesMissing: (name) => ({
    title: 'Some access is missing',
    happened: `${name} granted less than was asked for.`,
    next: 'Connect again and leave every box of the consent page ticked.',
    action: 'again',
  }),
  ProviderUnavailable: (name) => ({
    title: `${name} does not answer`,
    happened: `${name} could not be reached, or answered with an error of its own. Nothing is lost.`,
    next: 'Try again in a few minutes.',
    action: 'again',
  }),
  ProviderRejected: (name) => ({
    title: `${name} refused`,
    happened: `${name} did not accept what we sent: the app that is registered there, or what was entered.`,
    next: 'Try again. If it stays so, the client id, the client secret and the redirect URL at the provider must be checked.',
    action: 'again',
  }),
  MissingSetting: (name) => ({
    title: 'There is no app to connect with',
    happened: `No app of ${name} is set up here, so nobody can be asked for access.`,
    next: 'The people who run this platform set one up, or you bring your own (below).',
    action: 'wait',
  }),
  RateLimited: () => ({
    title: 'Too many attempts',
    happened: 'There were more attempts to connect than are allowed in a minute.',
    next: 'Wait a minute, then try again.',
    action: 'again',
  }),
  Unauthenticated: () => ({
    title: 'You have been signed out',
    happened: 'Your session has ended.',
    next: 'Load this page again and sign in; you come back here.',
    action: 'again',
  }),
  Forbidden: () => ({
    title: 'You may not connect this',
    happened: 'Your role or your tenants do not allow it.',
    next: 'Ask an administrator of your organisation.',
    action: 'wait',
  }),
};

/** @param name of the integration, as people know it */
export function wordsOf(trouble: Trouble, name: string): Words {
  const code = 'code' in trouble ? trouble.code : codeOf(trouble.error);
  const told = code === undefined ? undefined : BY_CODE[code]?.(name);
  const shown = code !== undefined && /^[A-Za-z]{1,60}$/.test(code) ? { code } : {};
  if (told) return { ...told, ...shown };
  const happened =
    'error' in trouble
      ? messageOf(trouble.error)
      : 'Something that is needed for this does not work here at the moment.';
  return {
    title: 'Not connected',
    happened,
    next: 'Try again. If it stays so, tell the people who run this platform, with the code below.',
    action: 'again',
    ...shown,
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SidecarError ? error.code : undefined;
}
