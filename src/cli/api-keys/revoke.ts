/** `tenantry api-keys revoke`: ends a key on every replica. */
import type { Command } from 'commander';
import { TenantryError } from '../../errors.ts';
import { findApiKey, revokeApiKey } from '../../sidecar/callers/api-keys/store.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from '../command.ts';
import { withDatabase } from '../platform-database.ts';
import { type StackOptions, withSession } from '../session.ts';

export function revokeCommand(context: CommandContext): Command {
  return stackCommand('revoke', {
    summary: 'end a key',
    description:
      'Ends a key at once, on every replica, and the sessions that were opened with it. This cannot be undone.',
    examples: ['tenantry api-keys revoke 3f9k2m1x8q7z --stack prod'],
  })
    .argument('<id>', 'id of the key, as `api-keys list` shows it')
    .action((id: string, options: StackOptions) =>
      report(context, options, () => revoke(id, options, context)),
    );
}

async function revoke(id: string, options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  // It may be the whole key, given in the wrong place: it is not repeated.
  if (!/^[0-9a-z]{12}$/.test(id)) {
    throw new TenantryError('InvalidUsage', 'this is not the id of a key: 12 small letters and digits', {
      hint: '`tenantry api-keys list` shows the ids; the id of a key stands between its two underscores',
    });
  }
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    const revoked = await withDatabase(session, async (database) => {
      const found = await findApiKey(database, id);
      if (found === undefined) {
        throw new TenantryError('InvalidUsage', `there is no API key ${id}`, {
          hint: '`tenantry api-keys list` shows the keys',
        });
      }
      await revokeApiKey(database, { tenant: found.tenant, id, now: Date.now() });
      return found;
    });
    const { tenant, name } = revoked;
    if (options.output === 'json') writeJson(io, { ok: true, id, tenant, name });
    else io.out(`Revoked ${id} (${name}) of ${tenant ?? 'the platform'}.\n`);
    return 0 as const;
  });
}
