/** The part of the Platform document that says who runs syncs, and what is done about those that fail. */
import { z } from 'zod';
import { duration } from './fields.ts';

const RUNNERS = ['Airbyte', 'Sidecar'] as const;

export const syncs = z
  .strictObject({
    runner: z
      .enum(RUNNERS)
      .default('Airbyte')
      .describe(
        'Who starts syncs on schedule. Sidecar: connections are manual in Airbyte, and the sidecar renews the token, checks quotas and starts each job. Airbyte: its own scheduler. Default Airbyte.',
      ),
    alertAfter: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Failed syncs in a row, tries again included, before the tenant is told. Default 3.'),
    stuckAfter: duration('5m')
      .default('2h')
      .describe('A sync without progress for so long is cancelled and tried again; at least 5m. Default 2h.'),
    retries: z
      .int()
      .min(0)
      .max(10)
      .default(3)
      .describe('Most tries again of a failed sync before its next due time. Default 3.'),
    concurrency: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .describe('Most syncs that one replica begins at once; running jobs do not count. Default 16.'),
    retentionDays: z
      .int()
      .min(1)
      .max(3650)
      .default(90)
      .describe('How long runs are kept after their end, in days. Default 90.'),
  })
  .describe('Syncs: who runs them, and when somebody is told of failures.');

export type SyncRunner = (typeof RUNNERS)[number];
