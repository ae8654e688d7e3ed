/** `tenantry credentials delete`: removes a credential with all its versions. */
import type { Command } from 'commander';
import type { CredentialPlace } from '../../credentials/store.ts';
import { readMetadata } from '../../resources/vault/kv.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from '../command.ts';
import { confirmName } from '../confirm.ts';
import { type StackOptions, withSession } from '../session.ts';
import { OWNER_OPTION, requireClaim, requirePlace } from './place.ts';

interface DeleteOptions extends StackOptions {
  readonly owner?: string;
  readonly confirm?: string;
}

export function deleteCommand(context: CommandContext): Command {
  return documentsCommand('delete', {
    summary: 'remove a credential',
    description:
      'Removes a credential with all its versions from Vault. It is not revoked at the provider, and the source in Airbyte keeps what it has until the integration is removed or connected anew.',
    examples: [
      'tenantry credentials delete acme notion --stack prod',
      'tenantry credentials delete acme notion --confirm acme/notion',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration')
    .option('--confirm <name>', 'tenant/integration once more, instead of typing it (for CI)')
    .option(...OWNER_OPTION)
    .action((tenant: string, integration: string, options: DeleteOptions) =>
      report(context, options, () => deleteCredential({ tenant, integration }, options, context)),
    );
}

async function deleteCredential(
  place: CredentialPlace,
  options: DeleteOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  return withSession({ ...options, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    const path = credentialPath(place.tenant, place.integration);
    const { vault } = session.world;
    const found = ((await readMetadata(vault, path, session.world))?.current_version ?? 0) > 0;
    if (found) {
      await requireClaim(session, place.tenant, options.owner);
      await confirmName(io, {
        question: `This cannot be undone. Type "${path}" to remove it`,
        name: path,
        given: options.confirm,
      });
      await vault.delete(`${vault.kvMount}/metadata/${path}`, session.world);
    }
    if (options.output === 'json') writeJson(io, { ok: true, ...place, deleted: found });
    else io.out(found ? `Removed ${path}.\n` : `There is no credential ${path}; nothing to remove.\n`);
    return 0 as const;
  });
}
