/** `tenantry plan`: shows what apply would do. */
import type { Command } from 'commander';
import { prepare } from '../reconcile/run.ts';
import { isChange } from '../reconcile/step.ts';
import {
  type CommandContext,
  type ExitCode,
  report,
  stackCommand,
  tenantOption,
  writeJson,
} from './command.ts';
import { allSteps, formatPlan, planJson } from './format/plan.ts';
import { type StackOptions, withSession } from './session.ts';

export function planCommand(context: CommandContext): Command {
  return stackCommand(
    'plan',
    'show what apply would do',
    'Compares the documents with Vault, Postgres and Airbyte and shows the differences, by tenant. Changes nothing.\nExit code 0: no changes, 2: there are changes, 1: an error, or an object that is not ours is in the way.',
  )
    .addOption(tenantOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry plan --stack prod\n  tenantry plan --stack prod --tenant acme\n  tenantry plan --stack prod --output json | jq .summary',
    )
    .action((options: StackOptions) => report(context, options.output, () => plan(options, context)));
}

async function plan(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true }, io, async (session) => {
    const { plan: made } = await prepare(session);
    if (options.output === 'json') writeJson(io, planJson(made));
    else io.out(formatPlan(made, io));
    const steps = allSteps(made);
    if (steps.some((step) => step.action === 'refuse')) return 1;
    return steps.some(isChange) ? 2 : 0;
  });
}
