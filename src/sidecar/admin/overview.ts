/** What concerns the whole installation: health of all tenants' integrations, and Airbyte's login. */
import { z } from 'zod';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';

const detail = z
  .object({
    tenant: z.string(),
    integration: z.string(),
    healthy: z.boolean(),
    status: z
      .enum(['active', 'expired', 'needs_reauthorization', 'revoked', 'suspended', 'missing'])
      .describe('missing: never connected.'),
    code: z.string().optional().describe('Error code of what is wrong.'),
    reason: z.string().optional().describe('In words, without secrets.'),
    expiresAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'IntegrationHealth', description: 'How one credential is.' });

const health = z
  .object({
    totalTenants: z.int(),
    totalIntegrations: z.int(),
    healthy: z.int(),
    unhealthy: z.int(),
    details: z.array(detail),
  })
  .meta({ id: 'TenantsHealth', description: 'How the credentials of all documents are.' });

const airbyteToken = z
  .object({
    method: z.enum(['client_credentials', 'api_key']).describe('How Tenantry logs in to Airbyte.'),
    secondsLeft: z
      .number()
      .optional()
      .describe('Life left of the token in use; absent before the first login.'),
    lastError: z.string().optional(),
  })
  .meta({ id: 'AirbyteTokenStatus', description: 'The login to Airbyte.' });

interface Row extends Record<string, unknown> {
  readonly tenant: string;
  readonly integration: string;
  readonly status: 'active' | 'suspended';
  readonly credential_state: 'active' | 'expired' | 'needs_reauthorization' | 'revoked';
  readonly reason_code: string | null;
  readonly reason_message: string | null;
  readonly expires_at: Date | null;
}

export const overviewRoutes: Routes = (app, context) => {
  app.get(
    '/admin/tenants/health',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'getTenantsHealth',
        summary: 'Health of every tenant’s integrations',
        querystring: z.object({
          unhealthy: z.stringbool().default(false).describe('Only those that need somebody.'),
        }),
        response: { 200: health, default: problemSchema },
      },
    },
    async (request) => {
      const { documents } = context.stack.current();
      const rows = await context.database.asPlatform((query) =>
        query<Row>(
          `select tenant, integration, status, credential_state, reason_code, reason_message, expires_at
           from tenantry.installations where status <> 'revoked'`,
        ),
      );
      const found = new Map(rows.map((row) => [`${row.tenant}/${row.integration}`, row]));
      const details = documents.integrations.map(({ spec: { tenant, integration } }) => ({
        tenant,
        integration,
        ...detailOf(found.get(`${tenant}/${integration}`)),
      }));
      const healthy = details.filter((each) => each.healthy).length;
      return {
        totalTenants: documents.tenants.length,
        totalIntegrations: details.length,
        healthy,
        unhealthy: details.length - healthy,
        details: request.query.unhealthy ? details.filter((each) => !each.healthy) : details,
      };
    },
  );

  app.get(
    '/admin/airbyte/token',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'getAirbyteTokenStatus',
        summary: 'State of the login to Airbyte',
        description: 'Never the token itself.',
        response: { 200: airbyteToken, default: problemSchema },
      },
    },
    async () => context.airbyte.tokenStatus(),
  );
};

function detailOf(row: Row | undefined): Omit<z.output<typeof detail>, 'tenant' | 'integration'> {
  if (!row)
    return {
      healthy: false,
      status: 'missing',
      code: 'CredentialNotFoundError',
      reason: 'not connected yet',
    };
  const status = row.status === 'suspended' ? 'suspended' : row.credential_state;
  return {
    healthy: status === 'active',
    status,
    ...(row.reason_code !== null && { code: row.reason_code }),
    ...(row.reason_message !== null && { reason: row.reason_message }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at.toISOString() }),
  };
}
