/** The part of the Platform document that sets up the sidecar. */
import { z } from 'zod';
import { documentName } from './names.ts';
import { envOr, secretRef } from './secret-ref.ts';

const url = z.string().regex(/^https?:\/\/[^\s/]+/, { error: 'must be an http:// or https:// URL' });
const origin = z.string().regex(/^https?:\/\/[^\s/?#]+$/, {
  error: 'must be an origin: scheme, host and port without a path',
});

const ROLES = ['admin', 'tenant-admin', 'app', 'viewer'] as const;
const role = z.enum(ROLES);

const jwtCallers = z
  .strictObject({
    issuer: envOr(url).describe('Issuer; must equal the token’s iss.'),
    audience: z.string().min(1).describe('Audience; must be among the token’s aud.'),
    jwksUrl: envOr(url)
      .optional()
      .describe('Address of the issuer’s keys (JWKS). Default: as its discovery document says.'),
    tenantClaim: z
      .string()
      .default('tenant')
      .describe('Claim with the caller’s tenant, or a list of tenants. Default tenant.'),
    roleClaim: z
      .string()
      .optional()
      .describe(
        'Claim with the role. The role admin counts only in a token without a tenant. Default: every caller has `role`.',
      ),
    role: role.default('app').describe('Role where no claim gives one. Default app.'),
  })
  .describe('An issuer whose JWTs are callers.');

const serviceAccount = z
  .strictObject({
    namespace: z.string().min(1).describe('Namespace of the service account.'),
    name: z.string().min(1).default('*').describe('Its name; * is every one of the namespace. Default *.'),
    tenants: z
      .array(documentName)
      .optional()
      .describe('Tenants that it may act for. Default: the one with the namespace’s name.'),
    role: role.default('app').describe('Its role. Default app.'),
  })
  .describe('Kubernetes service accounts that are callers.');

const kubernetesCallers = z
  .strictObject({
    audience: z
      .string()
      .min(1)
      .default('tenantry')
      .describe('Audience of projected tokens. Default tenantry.'),
    apiServer: envOr(url).optional().describe('Address of the API server. Default: that of the pod.'),
    caCertFile: z.string().optional().describe('PEM of its CA. Default: that of the pod.'),
    tokenFile: z.string().optional().describe('Token for TokenReview. Default: that of the pod.'),
    serviceAccounts: z.array(serviceAccount).min(1).describe('Who may call, and as whom.'),
  })
  .describe('Service account tokens, checked by TokenReview.');

const callers = z
  .strictObject({
    jwt: z.array(jwtCallers).default([]).describe('Issuers of JWTs. Default: none.'),
    kubernetes: kubernetesCallers.optional(),
    sessionHours: z
      .number()
      .min(0.1)
      .max(720)
      .default(12)
      .describe('Life of a browser’s session, in hours. Default 12.'),
  })
  .describe('Who may call besides API keys.');

const oidc = z
  .strictObject({
    issuer: envOr(url).describe('Issuer; its discovery document says the rest.'),
    clientId: envOr(z.string().min(1)).describe('Client id of Tenantry at the issuer.'),
    clientSecret: secretRef
      .optional()
      .describe('Client secret, as a reference. Default: none, for a public client (PKCE alone).'),
    name: z
      .string()
      .min(1)
      .max(64)
      .default('single sign-on')
      .describe('What the sign-in page calls it: “Sign in with …”. Default single sign-on.'),
    scopes: z
      .array(
        z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be a scope (RFC 6749 section 3.3)' }),
      )
      .default(['openid', 'profile', 'email'])
      .describe('Scopes asked for; openid is always among them. Default openid, profile, email.'),
    tenantClaim: z
      .string()
      .default('tenant')
      .describe('Claim of the ID token with the person’s tenant, or a list of tenants. Default tenant.'),
    roleClaim: z
      .string()
      .optional()
      .describe(
        'Claim with the role. The role admin counts only for a person without a tenant. Default: everybody has `role`.',
      ),
    role: role
      .default('viewer')
      .describe(
        'Role where no claim gives one; admin lets in everybody whom the issuer knows. Default viewer.',
      ),
  })
  .describe(
    'Sign-in of people to the web UI by OpenID Connect. The redirect URL to register is /session/oidc/callback below the address of the sidecar.',
  );

const embed = z
  .strictObject({
    origins: z
      .array(origin)
      .default([])
      .describe(
        'Origins of the product’s own pages that hold the connect component, each exactly as the browser sends it. Default: none, and no token for it is made.',
      ),
  })
  .describe('The connect component in pages of the product itself.');

const limits = z
  .strictObject({
    bodyBytes: z
      .int()
      .min(1024)
      .default(1_048_576)
      .describe('Largest body of the sidecar’s own API. Default 1 MiB.'),
    proxyBodyBytes: z
      .int()
      .min(1024)
      .default(104_857_600)
      .describe('Largest body, each way, through the proxy. Default 100 MiB.'),
    proxySeconds: z
      .number()
      .min(1)
      .default(60)
      .describe('Longest wait for the head of a service’s answer, and between two pieces of it. Default 60.'),
    retryAfterSeconds: z
      .number()
      .min(0)
      .default(10)
      .describe(
        'Longest Retry-After that the proxy waits for itself; a longer one is handed on. Default 10.',
      ),
    oauthPerMinute: z
      .int()
      .min(1)
      .default(60)
      .describe('Most OAuth requests of one client address or caller a minute. Default 60.'),
    requestsPerMinute: z
      .int()
      .min(1)
      .default(60_000)
      .describe('Most requests of one caller a minute, per replica. Default 60,000.'),
  })
  .describe('Limits of the sidecar.');

const tokens = z
  .strictObject({
    refreshBeforeSeconds: z
      .int()
      .min(0)
      .default(900)
      .describe('A token is refreshed so long before it ends, at most half of its life. Default 900.'),
    cacheSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(300)
      .describe('Longest time that a decrypted token stays in memory; 0 turns the cache off. Default 300.'),
    cacheEntries: z.int().min(1).default(10_000).describe('Most decrypted tokens in memory. Default 10,000.'),
    concurrency: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .describe('Most refreshes at once in one replica. Default 16.'),
    environment: z
      .record(documentName, z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .default({})
      .describe(
        'Variables with a token by integration, for a start with one tenant: used where Vault holds none. Default: none.',
      ),
  })
  .describe('How tokens are kept fresh.');

export const sidecar = z
  .strictObject({
    url: envOr(url)
      .optional()
      .describe(
        'Address of the sidecar as people reach it; connect links begin with it. Default: TENANTRY_URL.',
      ),
    database: z
      .strictObject({
        user: envOr(z.string().min(1))
          .optional()
          .describe('Login for the platform tables. Default: TENANTRY_PGUSER, else that of spec.postgres.'),
        password: secretRef.optional().describe('Its password. Default: TENANTRY_PGPASSWORD.'),
        concurrency: z
          .int()
          .min(2)
          .max(100)
          .default(10)
          .describe(
            'Most connections of requests at once, beside one for notices and up to four for each of the two queues. Default 10.',
          ),
      })
      .prefault({})
      .describe('How the sidecar logs in to Postgres; host and database are those of spec.postgres.'),
    redirectUris: z
      .array(url)
      .default([])
      .describe(
        'Addresses that people may be sent back to after connecting: the same, or beginning so where one ends with /*. Default: none.',
      ),
    origins: z
      .array(origin)
      .default([])
      .describe('Web origins that may open the connect popup and are told when it is done. Default: none.'),
    trustProxy: z
      .union([z.boolean(), z.int().min(0)])
      .default(false)
      .describe('Reverse proxies in front whose X-Forwarded-* count: true, or how many. Default false.'),
    publicMetrics: z
      .boolean()
      .default(false)
      .describe('Answer /metrics to anybody; it names tenants. Default false: only to role admin.'),
    callers: callers.prefault({}),
    oidc: oidc.optional(),
    embed: embed.prefault({}),
    limits: limits.prefault({}),
    tokens: tokens.prefault({}),
    providerOrigins: z
      .record(origin, url)
      .default({})
      .describe(
        'Sends calls for a provider’s origin elsewhere, e.g. https://api.github.com: https://github.example.com/api/v3. Such an address may be private. Default: none; TENANTRY_PROVIDER_ORIGINS holds the same as JSON.',
      ),
    mcpServers: z
      .record(documentName, url)
      .default({})
      .describe(
        'MCP servers (Streamable HTTP) of your own by integration, which take the token of the API as bearer; they replace the catalog’s, e.g. notion: http://notion-mcp:3000/mcp. Such an address may be private. Default: none; TENANTRY_MCP_SERVERS holds the same as JSON.',
      ),
  })
  .describe('The OAuth service.');

export type SidecarSpec = z.output<typeof sidecar>;
export type RoleName = (typeof ROLES)[number];
