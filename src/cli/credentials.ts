/** `tenantry credentials`: lists, stores, encrypts, revokes and removes tenants' credentials. */
import type { Command } from 'commander';
import { type CommandContext, newCommand } from './command.ts';
import { deleteCommand } from './credentials/delete.ts';
import { encryptCommand } from './credentials/encrypt.ts';
import { getStatusCommand } from './credentials/get-status.ts';
import { listCommand } from './credentials/list.ts';
import { revokeCommand } from './credentials/revoke.ts';
import { setCommand } from './credentials/set.ts';

export function credentialsCommand(context: CommandContext): Command {
  const command = newCommand('credentials', {
    summary: "list, store, encrypt, revoke and remove tenants' credentials",
    description:
      "Tenants' credentials in Vault: secret fields are encrypted with the tenant's own Transit key. No command prints one.",
    examples: ['tenantry credentials list --stack prod', 'tenantry credentials set acme notion < token.txt'],
  });
  for (const make of [
    listCommand,
    getStatusCommand,
    setCommand,
    encryptCommand,
    revokeCommand,
    deleteCommand,
  ]) {
    command.addCommand(make(context));
  }
  return command;
}
