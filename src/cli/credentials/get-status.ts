/** `tenantry credentials get-status`: how one credential is. */
import type { Command } from 'commander';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { CredentialStatus } from '../../sidecar/tokens/service.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from '../command.ts';
import { withCustody } from '../custody.ts';
import { showFor } from '../format/show.ts';
import type { Hint } from '../hints.ts';
import { type StackOptions, withSession } from '../session.ts';
import { requirePlace } from './place.ts';

export function getStatusCommand(context: CommandContext): Command {
  return documentsCommand('get-status', {
    summary: 'show how one credential is',
    description:
      'Shows the state of a credential: when it ends, when it was refreshed and will be again, its scopes, and what is wrong with it. Never the token.\nExit code 0: active; 2: somebody has to do something (missing, expired, revoked, needs re-authorization).',
    examples: [
      'tenantry credentials get-status acme notion --stack prod',
      'tenantry credentials get-status acme jira --output json | jq -r .state',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration')
    .action((tenant: string, integration: string, options: StackOptions) =>
      report(context, options, () => getStatus({ tenant, integration }, options, context)),
    );
}

async function getStatus(
  place: CredentialPlace,
  options: StackOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    const status = await withCustody(session, (tokens) => tokens.status(place));
    if (options.output === 'json') writeJson(io, status);
    else io.out(formatStatus(status, showFor(io, options).hint));
    return status.state === 'active' ? 0 : 2;
  });
}

const STATES: Partial<Record<CredentialStatus['state'], string>> = {
  needs_reauthorization: 'needs re-authorization',
};

function formatStatus(status: CredentialStatus, hint: Hint): string {
  const { tenant, integration, state, reason } = status;
  const lines: (readonly [string, string | undefined])[] = [
    ['state', STATES[state] ?? state],
    ['reason', reason && `${reason.code}: ${reason.message}`],
    ['since', status.createdAt],
    ['ends', status.hasCredentials ? (status.expiresAt ?? 'never') : undefined],
    ['refreshed', status.lastRefreshedAt],
    ['next refresh', status.nextRefreshAt],
    ['scopes', status.scopes.join(' ') || undefined],
    ['scopes missing', status.missingScopes.join(' ') || undefined],
  ];
  const shown = lines.filter(([, value]) => value !== undefined);
  const table = shown.map(([name, value]) => `  ${name.padEnd(15)} ${value}\n`).join('');
  const next = wantsPerson(status)
    ? `  → ${hint(`connect: tenantry connect ${tenant} ${integration}`)}\n`
    : '';
  return `${tenant}/${integration}\n${table}${next}`;
}

/** One that has ended and will be tried again needs nobody. */
function wantsPerson({ state, nextRefreshAt, missingScopes }: CredentialStatus): boolean {
  if (state === 'expired') return nextRefreshAt === undefined;
  return state === 'active' ? missingScopes.length > 0 : state !== 'suspended';
}
