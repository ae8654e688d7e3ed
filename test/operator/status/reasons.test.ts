import { expect, it } from 'vitest';
import { type ErrorCode, errorCodes } from '../../../src/errors.ts';
import { STATUS_REASONS } from '../../../src/operator/status/reasons.ts';
import { page, rowsOf } from './pages.ts';
import { STATES } from './states.ts';

/** Codes that no condition or event of the operator can have. */
const ELSEWHERE: readonly ErrorCode[] = [
  // Before it starts, or of the command line
  ...(['StackNotFound', 'ConfirmationRequired', 'NotWritable', 'InvalidUsage'] as const),
  // Inside of the Kubernetes client: the list is made anew
  'KubernetesGone',
  // The sidecar's answers
  ...(['Unauthenticated', 'IssuerUnavailable', 'Forbidden', 'NotFound', 'InvalidRequest'] as const),
  ...(['PayloadTooLarge', 'RateLimited', 'QuotaExceeded', 'ShuttingDown', 'StateInvalid'] as const),
  ...(['RedirectNotAllowed', 'ConnectDenied', 'AccountMismatch', 'ScopesMissing', 'NotSupported'] as const),
  'ApprovalPending',
  ...(['ProviderUnavailable', 'ProviderRejected', 'AddressNotAllowed', 'UpstreamUnreachable'] as const),
  ...(['UpstreamTimeout', 'WebhookSignatureInvalid'] as const),
];

it('the page has every reason that there is, once, with cause and remedy, and no other', async () => {
  const rows = rowsOf(await page('reasons.md'), 'Reason');
  const given = rows.map(([reason = '']) => reason.replaceAll('`', ''));
  const codes = errorCodes().map(({ code }) => code);
  const wanted = [...STATUS_REASONS, ...codes.filter((code) => !ELSEWHERE.includes(code))];
  expect(given.toSorted()).toEqual(wanted.toSorted());
  for (const [reason, cause = '', remedy = ''] of rows) {
    expect(cause.length, `cause of ${reason}`).toBeGreaterThan(10);
    expect(remedy.length, `remedy of ${reason}`).toBeGreaterThan(4);
  }
});

it('the page shows each state with the conditions that the operator writes', async () => {
  const rows = rowsOf(await page('reasons.md'), 'State');
  expect(rows.map(([name]) => name)).toEqual(Object.keys(STATES));
  for (const [name = '', ready, reason, reconciling, stalled] of rows) {
    const conditions = STATES[name]?.status?.conditions ?? [];
    const of = (type: string) => conditions.find((condition) => condition.type === type);
    expect(
      {
        ready: of('Ready')?.status ?? '',
        reason: of('Ready')?.reason ?? '',
        reconciling: of('Reconciling')?.status ?? '',
        stalled: of('Stalled')?.status ?? '',
      },
      name,
    ).toEqual({ ready, reason, reconciling, stalled });
  }
});
