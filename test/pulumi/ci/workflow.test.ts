import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { documentedFile } from './documented.ts';

const permission = z.enum(['read', 'write', 'none']);

/** The part of GitHub's workflow syntax that the example uses; whatever else stands there is a mistake. */
const step = z.strictObject({
  id: z.string().optional(),
  uses: z
    .string()
    .regex(/^[\w-]+\/[\w-]+@v\d+$/)
    .optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const job = z.strictObject({
  needs: z.string().optional(),
  if: z.string(),
  'runs-on': z.string(),
  environment: z.string().optional(),
  permissions: z.record(z.string(), permission).optional(),
  outputs: z.record(z.string(), z.string()).optional(),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.boolean() }).optional(),
  strategy: z
    .strictObject({
      'fail-fast': z.boolean(),
      'max-parallel': z.number().int().positive(),
      matrix: z.record(z.string(), z.string()),
    })
    .optional(),
  steps: z.array(step.refine((item) => (item.uses === undefined) !== (item.run === undefined))),
});
const trigger = z.strictObject({
  branches: z.array(z.string()).optional(),
  paths: z.array(z.string()),
});
const workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ pull_request: trigger, push: trigger }),
  permissions: z.record(z.string(), permission),
  env: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), job),
});

/** Inputs of pulumi/actions that the example may use, as its action.yml has them. */
const PULUMI_INPUTS = ['command', 'stack-name', 'diff', 'comment-on-pr', 'edit-pr-comment', 'refresh'];

async function documented(): Promise<z.infer<typeof workflow>> {
  return workflow.parse(parse(await documentedFile('pulumi.yml'), { strict: true, uniqueKeys: true }));
}

describe('the workflow in the docs', () => {
  it('follows the syntax, and its references lead somewhere', async () => {
    const { jobs, env } = await documented();
    for (const { needs, if: condition, steps } of Object.values(jobs)) {
      if (needs !== undefined) expect(Object.keys(jobs)).toContain(needs);
      for (const [, of, output] of condition.matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
        expect(Object.keys(jobs[of ?? '']?.outputs ?? {})).toContain(output);
      }
      for (const [, name = ''] of JSON.stringify(steps).matchAll(/\{\{ env\.(\w+) \}\}/g)) {
        expect(env).toHaveProperty(name);
      }
    }
  });

  it('previews on a pull request with a comment, and goes up on a merge only', async () => {
    const { jobs } = await documented();
    const pulumiOf = (name: string): Record<string, unknown> =>
      jobs[name]?.steps.find(({ uses }) => uses?.startsWith('pulumi/actions@'))?.with ?? {};
    expect(pulumiOf('preview')).toMatchObject({ command: 'preview', 'comment-on-pr': true });
    expect(jobs['preview']?.if).toContain("github.event_name == 'pull_request'");
    expect(pulumiOf('up')).toMatchObject({ command: 'up' });
    expect(jobs['up']?.if).toContain("github.event_name == 'push'");
    for (const name of ['preview', 'up']) {
      expect(PULUMI_INPUTS).toEqual(expect.arrayContaining(Object.keys(pulumiOf(name))));
    }
  });

  it('gives a pull request of a fork no credentials, and only the preview the right to comment', async () => {
    const { jobs, permissions } = await documented();
    expect(jobs['changed']?.if).toContain('head.repo.full_name == github.repository');
    expect(permissions).toEqual({ contents: 'read' });
    const writers = Object.entries(jobs).filter(
      ([, { permissions: own }]) => own?.['pull-requests'] === 'write',
    );
    expect(writers.map(([name]) => name)).toEqual(['preview']);
  });

  it('never takes an untrusted value into a shell', async () => {
    const { jobs } = await documented();
    const scripts = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
    for (const script of scripts) expect(script).not.toContain('${{');
  });
});
