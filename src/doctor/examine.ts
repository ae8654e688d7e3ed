/** Examines all systems of a stack, each for itself: one that is down or not set up leaves the others to be checked. */
import { connectEach } from '../clients/connect.ts';
import { draftSettings } from '../clients/settings.ts';
import type { PlatformDocument } from '../spec/platform.ts';
import { checkAirbyte } from './airbyte.ts';
import { ask, type CheckResult, type System } from './check.ts';
import { checkPostgres } from './postgres.ts';
import { checkVault } from './vault.ts';

export interface ExamineOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Ends the examination. */
  readonly signal?: AbortSignal;
}

export async function examine(platform: PlatformDocument, options: ExamineOptions): Promise<CheckResult[]> {
  const { env, signal } = options;
  const { settings, problems } = draftSettings(platform, env);
  const clients = connectEach(settings, { env, readOnly: true, applicationName: 'tenantry doctor' });
  const auth = platform.spec.vault.tenantAuth;
  const tenantAuth = auth && { method: auth.method, mount: auth.mount ?? auth.method };
  const audit = platform.spec.vault.audit.length > 0;
  const checks: Record<Exclude<System, 'sidecar'>, () => Promise<CheckResult[]>> = {
    vault: () =>
      withClient('vault', clients.vault, (vault) => checkVault({ vault }, { tenantAuth, audit, signal })),
    postgres: () =>
      withClient('postgres', clients.postgres, (postgres) => checkPostgres({ postgres }, { signal })),
    airbyte: () =>
      withClient('airbyte', clients.airbyte, (airbyte) => checkAirbyte({ airbyte }, settings, { signal })),
  };
  try {
    const results = await Promise.all(
      Object.entries(checks).map(async ([system, check]) => {
        const missing = settingProblems(system as System, problems);
        return missing.length > 0 ? missing : await check();
      }),
    );
    return [...results.flat(), ...settingProblems('sidecar', problems)];
  } finally {
    await clients.close();
  }
}

/** A client that cannot be made (a CA file, a password out of a Vault that is down) is a finding too. */
async function withClient<T>(
  system: System,
  client: Promise<T>,
  check: (client: T) => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  const made: { value?: T } = {};
  const result = await ask(system, 'settings', async () => {
    made.value = await client;
    return { detail: '' };
  });
  return made.value === undefined ? [result] : await check(made.value);
}

/** The problems of a system's settings; each begins with the field. */
function settingProblems(system: System, problems: readonly string[]): CheckResult[] {
  return problems
    .filter((problem) => problem.startsWith(`spec.${system}`))
    .map((detail) => ({
      system,
      check: 'settings',
      verdict: 'failed',
      detail,
      fix: 'set it in the Platform document or in the environment (of tenantry dev: --env-file .tenantry/dev.env)',
    }));
}
