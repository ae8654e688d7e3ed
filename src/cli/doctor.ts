/** `tenantry doctor`: checks reachability, versions and permissions of each system, and says what to fix. */
import type { Command } from 'commander';
import { checkAirbyte } from '../doctor/airbyte.ts';
import type { CheckResult, Verdict } from '../doctor/check.ts';
import { checkPostgres } from '../doctor/postgres.ts';
import { checkVault } from '../doctor/vault.ts';
import { type CommandContext, report, stackCommand, writeJson } from './command.ts';
import type { Io, Style } from './io.ts';
import { type StackOptions, withSession } from './session.ts';

const SIGNS: Record<Verdict, { readonly sign: string; readonly style: Style }> = {
  ok: { sign: '✓', style: 'green' },
  warning: { sign: '!', style: 'yellow' },
  failed: { sign: '✗', style: 'red' },
};

export function doctorCommand(context: CommandContext): Command {
  return stackCommand(
    'doctor',
    'check each system and say what to fix',
    'Checks whether Vault, Postgres and Airbyte can be reached, which versions they are, and whether the logins may do what\nTenantry has to do. Changes nothing. Exit code 1 when something must be fixed.',
  )
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry doctor --stack prod\n  tenantry doctor --stack prod --output json',
    )
    .action((options: StackOptions) =>
      report(context, options.output, () =>
        withSession({ ...options, readOnly: true }, context.io, async ({ world, backends }) => {
          const checks = await Promise.all([
            checkVault(world),
            checkPostgres(world),
            checkAirbyte(world, backends.settings),
          ]);
          const results = checks.flat();
          const ok = results.every((result) => result.verdict !== 'failed');
          if (options.output === 'json') writeJson(context.io, { ok, checks: results });
          else context.io.out(formatChecks(results, context.io));
          return ok ? 0 : 1;
        }),
      ),
    );
}

function formatChecks(results: readonly CheckResult[], io: Pick<Io, 'style'>): string {
  const lines = results.flatMap(({ system, check, verdict, detail, fix }) => {
    const { sign, style } = SIGNS[verdict];
    const line = `${io.style(style, sign)} ${system.padEnd(9)} ${check.padEnd(12)} ${detail}`;
    return fix ? [line, `    → ${fix}`] : [line];
  });
  return `${lines.join('\n')}\n`;
}
