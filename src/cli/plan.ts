/** `tenantry plan`: shows what apply would do. */

import type { Command } from 'commander';
import { allSteps } from '../reconcile/plan.ts';
import { isChange } from '../reconcile/step.ts';
import {
  type CommandContext,
  documentsCommand,
  type ExitCode,
  report,
  tenantOption,
  writeJson,
} from './command.ts';
import { look } from './execute.ts';
import { afterPlan, formatPlan, planJson } from './format/plan.ts';
import { showFor } from './format/show.ts';
import { limitYoungSpace } from './memory.ts';
import { type StackOptions, withSession } from './session.ts';

export function planCommand(context: CommandContext): Command {
  return documentsCommand('plan', {
    summary: 'show what apply would do',
    description:
      'Compares the documents with Vault, Postgres and Airbyte and shows the differences, by tenant. Changes nothing.\n+ create, ~ update, - delete, … waits for something, ! refused: an object that is not ours is in the way, ○ would be done, but the document says managementPolicy: Observe.\nExit code 0: no changes, other than what is only observed; 2: there are changes; 1: an error, or something is refused.',
    examples: [
      'tenantry plan --stack prod',
      'tenantry plan --stack prod --tenant acme',
      'tenantry plan --stack prod --output json | jq .summary',
    ],
  })
    .addOption(tenantOption())
    .action((options: StackOptions) => report(context, options, () => plan(options, context)));
}

function narrowing({ tenant }: StackOptions): string {
  return tenant ? ` --tenant ${tenant.join(' ')}` : '';
}

async function plan(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  limitYoungSpace();
  return withSession({ ...options, readOnly: true, forPlan: true }, io, async (session) => {
    const { plan: made } = await look(session, io);
    const show = showFor(io, options);
    const steps = allSteps(made);
    if (options.output === 'json') writeJson(io, planJson(made, show.hint));
    else {
      const apply = show.hint(`\`tenantry apply${narrowing(options)}\``);
      io.out(
        formatPlan(made, show) + afterPlan(steps, session.source === 'kubernetes' ? 'The operator' : apply),
      );
    }
    if (steps.some((step) => step.action === 'refuse')) return 1;
    return steps.some(isChange) ? 2 : 0;
  });
}
