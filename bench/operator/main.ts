/** `npm run bench -- operator`: the operator on a real API server, Vault and Postgres. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seedCredentials } from '../environment.ts';
import { generateStack } from '../generate.ts';
import { machine } from '../measures.ts';
import { applyAll } from './apply.ts';
import { objectsOf } from './objects.ts';
import { buildPackage } from './package.ts';
import { restart } from './restart.ts';
import { startOperatorBenchWorld } from './world.ts';

export async function benchOperator(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tenants: { type: 'string', default: '1000' },
      integrations: { type: 'string', default: '3' },
    },
  });
  const tenants = Number(values.tenants);
  const integrationsPerTenant = Number(values.integrations);
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const built = await buildPackage();
  const world = await startOperatorBenchWorld(built.program);
  try {
    const accounts = await generateStack(dir, { tenants, integrationsPerTenant });
    await seedCredentials(world.environment, accounts);
    const objects = await objectsOf(dir);
    progress(`${objects.length} objects`);
    const applied = await applyAll(world, objects);
    progress(JSON.stringify(applied.report));
    await applied.operator.kill('SIGTERM');
    const restarted = await restart(world, tenants);
    progress(JSON.stringify(restarted.report));
    await restarted.operator.kill('SIGTERM');
    return { date: new Date().toISOString(), ...machine(), apply: applied.report, restart: restarted.report };
  } finally {
    await world.close();
    await built.remove();
    await rm(dir, { recursive: true, force: true });
  }
}
