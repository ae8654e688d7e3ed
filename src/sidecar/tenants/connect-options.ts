/** What a person has to know and to type in to connect a tenant's integration; needs no provider and tells no secret. */
import { z } from 'zod';
import { fieldAnswer, scopeAnswer } from '../admin/catalog.ts';
import { appStateOf, explained, formOf, usualScopes } from '../admin/catalog-view.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { connectStyleOf } from '../oauth/connect-style.ts';
import { publicError } from '../oauth/public-error.ts';
import { errorCode, integrationName, placeParams, tenantName } from '../oauth/schemas.ts';
import { ownAppFields, takesStoredApp } from '../providers/own-app.ts';
import { externalIdOf, redirectUriOf } from '../providers/providers.ts';
import { type IntegrationView, requireIntegration, scopesOf } from '../stack/view.ts';

export const connectOptions = z
  .object({
    tenant: tenantName,
    tenantName: z.string().describe('Name of the tenant that people see.'),
    integration: integrationName,
    name: z.string().describe('Name of the service that people see.'),
    docs: z.string().describe('The service’s own page about it.'),
    style: z
      .enum(['redirect', 'form', 'none'])
      .describe(
        'redirect: the person goes to the provider; form: they type something in; none: nothing is asked.',
      ),
    status: z
      .enum(['active', 'expired', 'needs_reauthorization', 'revoked', 'missing', 'suspended'])
      .describe('State of the credential that is there.'),
    fields: z.array(fieldAnswer).describe('Of the form; POST …/credentials takes them as `fields`.'),
    scopes: z.array(scopeAnswer).describe('What the person is asked to agree to.'),
    missingScopes: z
      .array(scopeAnswer)
      .describe('Of these, what the token that is there lacks: connecting again asks for them.'),
    app: z
      .enum(['own', 'platform', 'missing', 'unneeded'])
      .describe('Whose app at the provider is used. missing: there is none, so nobody can connect.'),
    ownApp: z
      .object({
        allowed: z.boolean().describe('May the tenant have an app of its own?'),
        storable: z.boolean().describe('Does PUT …/app take it? Else it comes by the document alone.'),
        fields: z.array(fieldAnswer).describe('Fields of PUT …/app, and of spec.app of the document.'),
        document: z.string().describe('What to add to the document, as YAML.'),
      })
      .describe('An app of the tenant’s own, instead of the platform’s.'),
    redirectUrl: z
      .string()
      .nullable()
      .describe('To be registered with the app at the provider; null: nobody is sent there.'),
    problem: z
      .object({ code: errorCode, message: z.string(), hint: z.string() })
      .nullable()
      .describe('Why nobody can connect now.'),
  })
  .meta({ id: 'ConnectOptions', description: 'What connecting an integration takes.' });

export type ConnectOptions = z.output<typeof connectOptions>;

export function connectOptionRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/tenants/:tenant/integrations/:integration/connect-options',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['connect'],
        operationId: 'getConnectOptions',
        summary: 'What connecting an integration takes',
        params: placeParams,
        response: { 200: connectOptions },
      },
    },
    async (request) => {
      const { tenant, integration } = request.params;
      return await connectOptionsOf(
        context,
        requireIntegration(context.stack.current(), tenant, integration),
      );
    },
  );
}

export async function connectOptionsOf(
  context: SidecarContext,
  view: IntegrationView,
): Promise<ConnectOptions> {
  const { entry, document } = view;
  const place = { tenant: view.tenant.metadata.name, integration: entry.id };
  const style = connectStyleOf(entry);
  const [status, { problem, isStored }] = await Promise.all([
    context.tokens.status(place),
    appFor(context, view),
  ]);
  const named = scopesOf(view);
  const asked = named.length > 0 ? named : usualScopes(entry);
  return {
    ...place,
    tenantName: view.tenant.spec.displayName ?? place.tenant,
    name: entry.name,
    docs: entry.docs,
    style,
    status: status.state,
    fields: formOf(entry, { external_id: externalIdOf(view) }),
    scopes: explained(entry, asked),
    missingScopes: explained(entry, status.missingScopes),
    app: document.spec.app || isStored ? 'own' : appOf(context, view),
    ownApp: ownAppOf(view),
    redirectUrl: style === 'redirect' ? redirectUrlOf(context, view) : null,
    problem,
  };
}

function appOf({ env, stack }: SidecarContext, { entry, platform }: IntegrationView): ConnectOptions['app'] {
  return appStateOf(entry, platform ?? stack.current().platform, env ?? process.env);
}

/** A setting that names a variable which is not set is a problem, told as such. */
function redirectUrlOf({ settings, env }: SidecarContext, view: IntegrationView): string | null {
  try {
    return redirectUriOf(view, settings, env ?? process.env);
  } catch {
    return null;
  }
}

/** The same question that the button asks: is there an app, and are its secrets where they should be? */
async function appFor(
  context: SidecarContext,
  view: IntegrationView,
): Promise<{ readonly problem: ConnectOptions['problem']; readonly isStored: boolean }> {
  const isSuspended = view.tenant.spec.suspend || view.document.spec.suspend;
  try {
    const { app } = (await context.providers.of(view)).context;
    return { problem: isSuspended ? SUSPENDED : null, isStored: app.isStored === true };
  } catch (error) {
    const { code, message, hint } = publicError(error);
    return { problem: isSuspended ? SUSPENDED : { code, message, hint }, isStored: false };
  }
}

const SUSPENDED = {
  code: 'Blocked',
  message: 'it is suspended by its document',
  hint: 'take spec.suspend out of the document first',
} as const;

function ownAppOf({ entry, tenant }: IntegrationView): ConnectOptions['ownApp'] {
  const fields = [...ownAppFields(entry)];
  if (fields.length === 0) return { allowed: false, storable: false, fields, document: '' };
  const path = `secret/data/${tenant.metadata.name}/${entry.id}-app`;
  const lines = fields
    .filter(({ required }) => required)
    .map(({ key, secret }) => `    ${key}: ${secret ? `\${VAULT:${path}:${snake(key)}}` : '…'}`);
  const document = `spec:\n  app:\n${lines.join('\n')}\n`;
  return { allowed: true, storable: takesStoredApp(entry), fields, document };
}

/** `clientSecret` gives `client_secret`. */
function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
