/** `tenantry api-keys`: makes, lists and revokes the keys that programs call the sidecar with. */
import type { Command } from 'commander';
import { createCommand } from './api-keys/create.ts';
import { listCommand } from './api-keys/list.ts';
import { revokeCommand } from './api-keys/revoke.ts';
import { type CommandContext, newCommand } from './command.ts';

export function apiKeysCommand(context: CommandContext): Command {
  const command = newCommand('api-keys', {
    summary: 'make, list and revoke API keys of the sidecar',
    description:
      'Keys that programs call the sidecar with: of one tenant, or of the platform. Postgres keeps a hash only; a key is shown once.',
    examples: [
      'tenantry api-keys create acme --name billing --stack prod',
      'tenantry api-keys list --stack prod',
      'tenantry api-keys revoke 3f9k2m1x8q7z --stack prod',
    ],
  });
  for (const make of [createCommand, listCommand, revokeCommand]) command.addCommand(make(context));
  return command;
}
