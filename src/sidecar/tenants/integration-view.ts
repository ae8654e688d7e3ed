/** What may be told of a tenant's integration; holds no secret. */
import { z } from 'zod';
import { connectStyleOf } from '../oauth/connect-style.ts';
import { errorCode, integrationName, when } from '../oauth/schemas.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { CredentialStatus } from '../tokens/service.ts';

export const integrationAnswer = z
  .object({
    integration: integrationName,
    name: z.string().describe('Name that people see.'),
    category: z.string().describe('Category of the catalog entry.'),
    hasCredentials: z.boolean().describe('Is there a credential?'),
    status: z
      .enum(['active', 'expired', 'needs_reauthorization', 'revoked', 'missing', 'suspended'])
      .describe('State of the credential.'),
    reason: z
      .object({ code: errorCode, message: z.string() })
      .nullable()
      .describe('Why it is not active, or ScopesMissing where it is but lacks scopes of the document.'),
    createdAt: when.nullable().describe('When the tenant connected.'),
    expiresAt: when.nullable().describe('When the access token ends; null: it does not, by the clock.'),
    lastRefreshedAt: when.nullable(),
    scopes: z.array(z.string()).describe('Scopes that the token has.'),
    missingScopes: z
      .array(z.string())
      .describe('Scopes of the document that it lacks: connect again to agree to them.'),
    connectStyle: z
      .enum(['redirect', 'form', 'none'])
      .describe(
        'redirect: the person goes to the provider; form: they type something in; none: nothing is asked.',
      ),
  })
  .meta({ id: 'Integration', description: 'An integration of a tenant.' });

export type IntegrationAnswer = z.output<typeof integrationAnswer>;

export function integrationView({ entry }: IntegrationView, status: CredentialStatus): IntegrationAnswer {
  return {
    integration: entry.id,
    name: entry.name,
    category: entry.category,
    hasCredentials: status.hasCredentials,
    status: status.state,
    reason: reasonOf(status),
    createdAt: status.createdAt ?? null,
    expiresAt: status.expiresAt ?? null,
    lastRefreshedAt: status.lastRefreshedAt ?? null,
    scopes: [...status.scopes],
    missingScopes: [...status.missingScopes],
    connectStyle: connectStyleOf(entry),
  };
}

function reasonOf({ reason, missingScopes, hasCredentials }: CredentialStatus): IntegrationAnswer['reason'] {
  if (reason) return { ...reason };
  if (!hasCredentials || missingScopes.length === 0) return null;
  return { code: 'ScopesMissing', message: `the token lacks ${missingScopes.join(', ')}` };
}
