/** `tenantry credentials encrypt`: encrypts what was written to Vault by hand. */
import type { Command } from 'commander';
import { listCredentials } from '../../credentials/list.ts';
import { type CredentialPlace, encryptInPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import {
  type CommandContext,
  documentsCommand,
  type ExitCode,
  report,
  tenantOption,
  writeJson,
} from '../command.ts';
import { count } from '../format/show.ts';
import { type StackOptions, withSession } from '../session.ts';
import { requireClaim } from './place.ts';

export function encryptCommand(context: CommandContext): Command {
  return documentsCommand('encrypt', {
    summary: 'encrypt what was written by hand',
    description:
      'Finds credentials whose secrets stand in plain text (as `vault kv put` leaves them) and encrypts them in place.\n`tenantry apply` does the same; this command does nothing else.',
    examples: [
      'tenantry credentials encrypt --stack prod',
      'tenantry credentials encrypt --tenant acme --output json',
    ],
  })
    .addOption(tenantOption())
    .action((options: StackOptions) => report(context, options, () => encryptAll(options, context)));
}

async function encryptAll(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession({ ...options, withoutAirbyte: true }, io, async (session) => {
    const { vault } = session.world;
    const rows = await listCredentials(session.documents, vault, session.only);
    const connected = rows.filter((row) => row.connected);
    for (const tenant of new Set(connected.map((row) => row.tenant))) await requireClaim(session, tenant);
    const encrypted: (CredentialPlace & { readonly fields: readonly string[] })[] = [];
    for (const { tenant, integration } of connected) {
      const { encrypted: fields } = await encryptInPlace(vault, { tenant, integration }, session.world);
      if (fields.length === 0) continue;
      encrypted.push({ tenant, integration, fields });
      if (options.output === 'text') {
        io.out(`Encrypted ${credentialPath(tenant, integration)}: ${fields.join(', ')}\n`);
      }
    }
    if (options.output === 'json') writeJson(io, { ok: true, checked: connected.length, encrypted });
    else io.out(`${count(connected.length, 'credential')} looked at, ${encrypted.length} encrypted.\n`);
    return 0 as const;
  });
}
