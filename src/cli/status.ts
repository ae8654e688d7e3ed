/** `tenantry status`: how each tenant's integrations are, now. */
import type { Command } from 'commander';
import { asTenantryError } from '../errors.ts';
import { allSteps } from '../reconcile/plan.ts';
import type { Prepared } from '../reconcile/run.ts';
import { type IntegrationStatus, integrationStatuses, type KnownSync } from '../reconcile/status.ts';
import { isChange } from '../reconcile/step.ts';
import { stackView } from '../sidecar/stack/view.ts';
import {
  type CommandContext,
  documentsCommand,
  type ExitCode,
  report,
  tenantOption,
  writeJson,
} from './command.ts';
import { look } from './execute.ts';
import { showFor } from './format/show.ts';
import { formatStatuses, type Overview } from './format/statuses.ts';
import type { Io } from './io.ts';
import { withDatabase } from './platform-database.ts';
import { type Session, type StackOptions, withSession } from './session.ts';

interface StatusOptions extends StackOptions {
  readonly all?: boolean;
}

export function statusCommand(context: CommandContext): Command {
  return documentsCommand('status', {
    summary: 'show how each integration is',
    description:
      'Shows for each tenant and integration whether it is as the documents say, what it waits for, how the last sync went and when the next one is due. Changes nothing.\nExit code 0: all as wanted, waiting for something that others must bring, or only observed; 2: apply would change something; 1: an error, or something is refused.',
    examples: [
      'tenantry status --stack prod',
      'tenantry status --stack prod --tenant acme --output json',
      'tenantry status -o json | jq \'.integrations[] | select(.status != "ready")\'',
    ],
  })
    .addOption(tenantOption())
    .option('-a, --all', 'show every integration, also where there are many and most are ready')
    .action((options: StatusOptions) => report(context, options, () => status(options, context)));
}

async function status(options: StatusOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true, forPlan: true }, io, async (session) => {
    const prepared = await look(session, io);
    const show = showFor(io, options);
    const known = await knownSyncs(session, io);
    const found = await integrationStatuses(prepared, session.documents, session.world, known);
    const integrations = found.map((item) => withHint(item, show.hint));
    const overview = overviewOf(prepared, integrations);
    if (options.output === 'json') writeJson(io, overview);
    else io.out(formatStatuses(overview, show, { all: options.all === true }));
    if (overview.refused > 0) return 1;
    return overview.changes > 0 ? 2 : 0;
  });
}

/** Where the sidecar runs the syncs its tables know them; who cannot read those is told what Airbyte says. */
async function knownSyncs(session: Session, io: Io): Promise<Map<string, KnownSync>> {
  const { ownSyncs, scheduledSyncs } = await import('../sidecar/syncs/known.ts');
  const view = stackView(session.documents, session.catalog);
  const scheduled = scheduledSyncs(view, Date.now());
  if (session.documents.platform.spec.syncs.runner !== 'Sidecar') return scheduled;
  try {
    const own = await withDatabase(session, (database) => ownSyncs(database, view));
    return new Map([...scheduled, ...own]);
  } catch (thrown) {
    const { code, message } = asTenantryError(thrown);
    io.err(`the next syncs are not known: ${code}: ${message}\n`);
    return scheduled;
  }
}

function withHint(item: IntegrationStatus, hint: (text: string) => string): IntegrationStatus {
  return item.nextStep === undefined ? item : { ...item, nextStep: hint(item.nextStep) };
}

/** What belongs to no integration counts too: a tenant without any, or objects whose documents are gone. */
function overviewOf(prepared: Prepared, integrations: readonly IntegrationStatus[]): Overview {
  const steps = allSteps(prepared.plan);
  const summary = { ready: 0, waiting: 0, differs: 0, refused: 0, suspended: 0, observed: 0 };
  for (const item of integrations) summary[item.status]++;
  return {
    changes: steps.filter(isChange).length,
    observed: steps.filter((step) => step.action === 'observe').length,
    refused: steps.filter((step) => step.action === 'refuse').length,
    summary,
    integrations,
  };
}
