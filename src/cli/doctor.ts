/** `tenantry doctor`: checks reachability, versions and permissions of each system, and says what to fix. */
import type { Command } from 'commander';
import type { CheckResult, Verdict } from '../doctor/check.ts';
import { examine } from '../doctor/examine.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { count, type Show, showFor } from './format/show.ts';
import type { Style } from './io.ts';
import { openStack, type StackOptions } from './session.ts';

const SIGNS: Record<Verdict, { readonly sign: string; readonly style: Style }> = {
  ok: { sign: '✓', style: 'green' },
  warning: { sign: '!', style: 'yellow' },
  failed: { sign: '✗', style: 'red' },
};

export function doctorCommand(context: CommandContext): Command {
  return stackCommand('doctor', {
    summary: 'check each system and say what to fix',
    description:
      'Checks whether Vault, Postgres and Airbyte can be reached, which versions they are, and whether the logins may do what Tenantry has to do. A system that is down does not keep the others from being checked. Changes nothing.\nExit code 0: fit (there may be warnings); 1: something must be fixed.',
    examples: ['tenantry doctor --stack prod', 'tenantry doctor --stack prod --output json'],
  }).action((options: StackOptions) => report(context, options, () => doctor(options, context)));
}

async function doctor(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  const { documents, env } = await openStack(options, io);
  const checks = await examine(documents.platform, { env, signal: AbortSignal.any([io.stop, io.abort]) });
  const ok = checks.every((result) => result.verdict !== 'failed');
  if (options.output === 'json') writeJson(io, { ok, checks });
  else io.out(formatChecks(checks, showFor(io, options)));
  return ok ? 0 : 1;
}

function formatChecks(results: readonly CheckResult[], { style, hint }: Show): string {
  const lines = results.flatMap(({ system, check, verdict, detail, fix }) => {
    const sign = SIGNS[verdict];
    const line = `${style(sign.style, sign.sign)} ${system.padEnd(9)} ${check.padEnd(12)} ${detail}`;
    return fix ? [line, `    → ${hint(fix)}`] : [line];
  });
  return `${lines.join('\n')}\n\n${verdictLine(results)}\n`;
}

function verdictLine(results: readonly CheckResult[]): string {
  const failed = results.filter(({ verdict }) => verdict === 'failed').length;
  const warnings = results.filter(({ verdict }) => verdict === 'warning').length;
  const more = warnings > 0 ? `, ${count(warnings, 'warning')}` : '';
  return failed === 0
    ? `Everything that Tenantry needs is there${more}.`
    : `${count(failed, 'thing')} to fix${more}.`;
}
