/** `tenantry validate`: checks all documents of a stack without speaking to any system. */
import type { Command } from 'commander';
import { type CommandContext, report, stackCommand, writeJson } from './command.ts';
import { openStack, type StackOptions } from './session.ts';

export function validateCommand(context: CommandContext): Command {
  return stackCommand(
    'validate',
    'check the documents of a stack',
    'Checks every document and private catalog entry of a stack and shows all mistakes with file, line and column.\nSpeaks to no system.',
  )
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry validate --stack dev\n  tenantry validate --stack ./stacks/prod --output json',
    )
    .action((options: StackOptions) =>
      report(context, options.output, async () => {
        const { documents } = await openStack(options, context.io);
        const { tenants, integrations } = documents;
        if (options.output === 'json') {
          writeJson(context.io, { ok: true, tenants: tenants.length, integrations: integrations.length });
        } else {
          context.io.out(`Valid: ${tenants.length} tenants, ${integrations.length} integrations.\n`);
        }
        return 0;
      }),
    );
}
