/** `tenantry airbyte`: what concerns the login to Airbyte. */
import type { Command } from 'commander';
import type { AirbyteTokenStatus } from '../clients/airbyte.ts';
import { asTenantryError, type TenantryError } from '../errors.ts';
import {
  type CommandContext,
  type ExitCode,
  newCommand,
  report,
  stackCommand,
  writeJson,
} from './command.ts';
import { type StackOptions, withSession } from './session.ts';

export function airbyteCommand(context: CommandContext): Command {
  const command = newCommand('airbyte', {
    summary: 'look at the login to Airbyte',
    description: 'What concerns the login to Airbyte. No command prints a token.',
    examples: ['tenantry airbyte token-status --stack prod'],
  });
  command.addCommand(tokenStatusCommand(context));
  return command;
}

function tokenStatusCommand(context: CommandContext): Command {
  return stackCommand('token-status', {
    summary: 'log in to Airbyte and show how the token is',
    description:
      'Logs in to Airbyte, makes one small call, and shows the method, how long the token lives, and the last error: with client credentials, or with the static key where their login fails. Never the token.\nExit code 0: the call was answered; 1: it was not.',
    examples: [
      'tenantry airbyte token-status --stack prod',
      'tenantry airbyte token-status --output json | jq .secondsLeft',
    ],
  }).action((options: StackOptions) => report(context, options, () => tokenStatus(options, context)));
}

async function tokenStatus(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true }, io, async ({ backends, world }) => {
    const { airbyte } = backends;
    const failure = await airbyte.get('/workspaces', { limit: 1 }, world).then(
      () => undefined,
      (error: unknown) => asTenantryError(error),
    );
    const status = airbyte.tokenStatus();
    if (options.output === 'json')
      writeJson(io, { ok: !failure, ...status, ...(failure && { error: told(failure) }) });
    else {
      io.out(formatStatus(status, failure));
      if (failure) io.err(`${failure.code}: ${failure.message}\n  → ${failure.hint}\n`);
    }
    return failure ? 1 : 0;
  });
}

function told({ code, message, hint }: TenantryError): Record<string, string> {
  return { code, message, hint };
}

function formatStatus(status: AirbyteTokenStatus, failure: TenantryError | undefined): string {
  const { method, secondsLeft, lastError } = status;
  const left = secondsLeft === undefined ? 'does not end' : `${Math.round(secondsLeft)} s left`;
  const lines = [
    `method      ${method.replaceAll('_', ' ')}`,
    `token       ${failure ? 'refused' : left}`,
    ...(lastError ? [`last error  ${lastError}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
