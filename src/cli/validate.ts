/** `tenantry validate`: checks all documents of a stack without speaking to any system. */
import type { Command } from 'commander';
import { type CommandContext, report, stackCommand, writeJson } from './command.ts';
import { count } from './format/show.ts';
import { openStack, type StackOptions } from './session.ts';

export function validateCommand(context: CommandContext): Command {
  return stackCommand('validate', {
    summary: 'check the documents of a stack',
    description:
      'Checks every document and private catalog entry of a stack and shows all mistakes with file, line and column. Speaks to no system.\nExit code 0: valid; 1: there are mistakes.',
    examples: ['tenantry validate --stack dev', 'tenantry validate --stack ./stacks/prod --output json'],
  }).action((options: StackOptions) =>
    report(context, options, async () => {
      const { documents } = await openStack(options, context.io);
      const { tenants, integrations } = documents;
      if (options.output === 'json') {
        writeJson(context.io, { ok: true, tenants: tenants.length, integrations: integrations.length });
      } else {
        context.io.out(
          `Valid: ${count(tenants.length, 'tenant')}, ${count(integrations.length, 'integration')}.\n`,
        );
      }
      return 0;
    }),
  );
}
