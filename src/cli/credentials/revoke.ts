/** `tenantry credentials revoke`: ends a credential here and at the provider. */
import type { Command } from 'commander';
import { type CredentialPlace, readStored } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from '../command.ts';
import { confirmName } from '../confirm.ts';
import { withCustody } from '../custody.ts';
import { type StackOptions, withSession } from '../session.ts';
import { OWNER_OPTION, requireClaim, requirePlace } from './place.ts';

interface RevokeOptions extends StackOptions {
  readonly owner?: string;
  readonly confirm?: string;
}

const AT_PROVIDER = {
  done: 'It was ended at the provider too.',
  'not-supported':
    'The provider has no way to end it: it ends by itself, or in the account’s settings there.',
  failed: 'The provider did not confirm that it ended it: end it in the account’s settings there.',
} as const;

export function revokeCommand(context: CommandContext): Command {
  return documentsCommand('revoke', {
    summary: 'end a credential here and at the provider',
    description:
      'Destroys every version of a credential in Vault, tells all replicas of the sidecar, and ends the grant at the provider where it has a way. The tenant can connect again at any time.',
    examples: [
      'tenantry credentials revoke acme notion --stack prod',
      'tenantry credentials revoke acme notion --confirm acme/notion',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration')
    .option('--confirm <name>', 'tenant/integration once more, instead of typing it (for CI)')
    .option(...OWNER_OPTION)
    .action((tenant: string, integration: string, options: RevokeOptions) =>
      report(context, options, () => revoke({ tenant, integration }, options, context)),
    );
}

async function revoke(
  place: CredentialPlace,
  options: RevokeOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  return withSession({ ...options, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    const path = credentialPath(place.tenant, place.integration);
    const json = options.output === 'json';
    if (!(await readStored(session.world.vault, place, session.world))) {
      if (json) writeJson(io, { ok: true, ...place, revoked: false });
      else io.out(`There is no credential ${path}; nothing to revoke.\n`);
      return 0 as const;
    }
    await requireClaim(session, place.tenant, options.owner);
    await confirmName(io, {
      question: `This cannot be undone. Type "${path}" to revoke it`,
      name: path,
      given: options.confirm,
    });
    const result = await withCustody(session, (tokens) =>
      tokens.revoke(place, { id: session.owner }, session.world),
    );
    if (json) writeJson(io, { ok: true, ...place, revoked: true, ...result });
    else io.out(`Revoked ${path}. ${AT_PROVIDER[result.atProvider]}\n`);
    return 0 as const;
  });
}
