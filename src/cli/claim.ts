/** `tenantry claim`: moves tenants from one driver instance to another. */
import { type Command, Option } from 'commander';
import { TenantryError } from '../errors.ts';
import type { ResourceResult } from '../reconcile/events.ts';
import { carryOutMove, type MoveTarget, planMove } from '../reconcile/move.ts';
import type { Plan } from '../reconcile/plan.ts';
import { limitsOf } from '../reconcile/run.ts';
import { isChange } from '../reconcile/step.ts';
import type { Move } from '../resources/kind.ts';
import { isOwner, isRunByLock } from '../resources/mark.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { confirmYes } from './confirm.ts';
import { withLocks } from './execute.ts';
import { formatPlan, planJson } from './format/plan.ts';
import { formatResults, resultsJson, succeeded } from './format/results.ts';
import { showFor } from './format/show.ts';
import type { Io } from './io.ts';
import { createProgress } from './progress.ts';
import { type Session, type StackOptions, withSession } from './session.ts';

interface ClaimOptions extends StackOptions {
  readonly from: string;
  readonly to?: string;
  readonly yes?: boolean;
}

export function claimCommand(context: CommandContext): Command {
  return stackCommand('claim', {
    summary: 'move tenants from one driver to another',
    description:
      'Writes another owner into the claim on each tenant and into the marks of all its objects; changes nothing else. The old driver is refused from then on, so run this before its documents go. It may be stopped or killed at any moment and run again.\nExit code 0: done; 1: refused, or not everything was done.',
    examples: [
      'tenantry claim acme --from operator:prod --stack prod',
      'tenantry claim acme globex --from cli:prod --to operator:prod --stack prod --yes',
    ],
  })
    .argument('<tenant...>', 'names of the tenants; they need no document')
    .addOption(
      new Option(
        '--from <owner>',
        'who owns them: cli:<stack>, operator:<cluster>, pulumi:<project>/<stack>',
      ).makeOptionMandatory(true),
    )
    .option('--to <owner>', 'who shall own them (default: this stack, cli:<stack>)')
    .option('-y, --yes', 'do not ask (for CI)')
    .action((tenants: string[], options: ClaimOptions) =>
      report(context, options, () => claim(new Set(tenants), options, context)),
    );
}

async function claim(
  tenants: ReadonlySet<string>,
  options: ClaimOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  return withSession(options, io, (session) => {
    const move = { from: options.from, to: options.to ?? session.owner };
    requireOwners(move);
    // An operator holds its lock for as long as it leads; the claim is what keeps it out.
    const owners = [move.from, move.to].filter(isRunByLock);
    return withLocks(session, owners, io, async (stop) => {
      const targets = await planMove(tenants, move, session.world);
      return carryOut({ session, tenants, move, targets, options, stop }, io);
    });
  });
}

function requireOwners({ from, to }: Move): void {
  for (const owner of [from, to]) {
    if (isOwner(owner)) continue;
    throw new TenantryError('InvalidUsage', `"${owner}" is no owner`, {
      hint: 'pass cli:<stack>, operator:<cluster> or pulumi:<project>/<stack>',
    });
  }
  if (from === to) {
    throw new TenantryError('InvalidUsage', `--from and --to are both ${from}`, {
      hint: 'pass --to with the owner that the tenants shall have',
    });
  }
}

interface Execution {
  readonly session: Session;
  readonly tenants: ReadonlySet<string>;
  readonly move: Move;
  readonly targets: readonly MoveTarget[];
  readonly options: ClaimOptions;
  readonly stop: AbortSignal;
}

async function carryOut(execution: Execution, io: Io): Promise<ExitCode> {
  const { tenants, move, targets, options } = execution;
  const show = showFor(io, options);
  const steps = targets.map(({ step }) => step);
  const plan: Plan = { steps, prunes: [], outputs: new Map() };
  const isNeeded = steps.some(isChange);
  if (options.output === 'text') io.out(formatPlan(plan, show));
  else if (io.interactive && isNeeded) io.err(formatPlan(plan, show));
  if (isNeeded && !options.yes) {
    await confirmYes(io, `Move ${[...tenants].join(', ')} from ${move.from} to ${move.to}?`);
  }
  const results = await execute(execution, io);
  if (options.output === 'json') {
    writeJson(io, { ...resultsJson(results, show.hint), plan: planJson(plan, show.hint) });
  } else if (isNeeded || !succeeded(results)) io.out(formatResults(results, show, steps));
  return succeeded(results) ? 0 : 1;
}

async function execute({ session, stop, ...input }: Execution, io: Io): Promise<ResourceResult[]> {
  const progress = createProgress(io);
  try {
    return await carryOutMove(input, session.world, {
      limits: limitsOf(session.backends.settings),
      onEvent: progress.onEvent,
      stop,
    });
  } finally {
    progress.end();
  }
}
