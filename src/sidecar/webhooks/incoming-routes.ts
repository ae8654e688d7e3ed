/** The addresses that providers call. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';
import { ownAppCheck, sharedViewOf } from './apps.ts';
import { verificationTokens } from './handshakes.ts';
import { subscriptionSecrets } from './installations.ts';
import { type Received, type Receiver, receive } from './receive.ts';

/** Few providers send more than a megabyte; Transit takes 32. */
const WEBHOOK_BYTES = 4 * 1_048_576;

/** Providers wait 3 to 30 s, and send again what they had no answer for. */
const RECEIVE_MS = 20_000;

const integration = z.string().max(100).describe('Id of the integration, e.g. github.');
const installation = z
  .string()
  .max(100)
  .describe('Id of the installation, as GET /oauth/installations shows it.');

const answer = z
  .object({ challenge: z.string().describe('What the provider sent to be sent back.') })
  .meta({ id: 'WebhookAnswer', description: 'Empty, but for the answer to a challenge.' });

const verificationAnswer = z
  .object({
    tokens: z.array(
      z.object({
        token: z.string().describe('Anybody may have sent it: the provider’s page says whether it is right.'),
        receivedAt: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'VerificationTokens', description: 'Signing secrets that came in.' });

export const incomingRoutes: Routes = async (app, context) => {
  const receiver: Receiver = {
    context,
    secretOf: subscriptionSecrets(context),
    hasOwnApp: ownAppCheck(context),
  };
  await app.register(async (scope) => {
    // The signature is over the bytes as they came: nothing may read them first.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const bodyLimit = Math.max(WEBHOOK_BYTES, context.settings.spec.limits.bodyBytes);
    const shared = {
      config: { access: 'public' as const },
      bodyLimit,
      schema: {
        tags: ['webhooks'],
        operationId: 'receiveWebhook',
        summary: 'A delivery of a provider, signed with the secret of the app',
        params: z.object({ integration }),
        response: { 200: answer, 401: problemSchema },
      },
    };
    scope.post('/webhooks/:integration', shared, (request, reply) =>
      answerTo(receiver, request, reply, request.params as Address),
    );
    const ofOne = {
      ...shared,
      schema: {
        ...shared.schema,
        operationId: 'receiveInstallationWebhook',
        summary: 'A delivery for one installation, signed with its own secret or that of its app',
        params: z.object({ integration, installation }),
      },
    };
    scope.post('/webhooks/:integration/:installation', ofOne, (request, reply) =>
      answerTo(receiver, request, reply, request.params as Address),
    );
  });

  app.get(
    '/webhooks/:integration/verification-tokens',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['webhooks'],
        operationId: 'listVerificationTokens',
        summary: 'Signing secrets that the provider sent when the address was set up',
        description: 'Within the last hour, and while the app has none.',
        params: z.object({ integration }),
        response: {
          200: verificationAnswer,
          404: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const view = sharedViewOf(context.stack.current(), request.params.integration);
      if (view === undefined) {
        throw new TenantryError('NotFound', 'no tenant uses a shared app of this integration');
      }
      void reply.header('cache-control', 'no-store');
      return { tokens: [...(await verificationTokens(context, view))] };
    },
  );
};

interface Address {
  readonly integration: string;
  readonly installation?: string;
}

async function answerTo(
  receiver: Receiver,
  request: FastifyRequest,
  reply: FastifyReply,
  address: Address,
): Promise<FastifyReply> {
  const { context } = receiver;
  // The name is the sender's choice, unless the catalog has it.
  const label = context.stack.current().catalog.has(address.integration) ? address.integration : 'unknown';
  let received: Received;
  try {
    received = await receive(receiver, {
      integration: address.integration,
      installation: address.installation,
      method: request.method,
      uri: `${context.settings.publicUrl}${request.raw.url ?? ''}`,
      headers: everyHeader(request.raw.rawHeaders),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      signal: AbortSignal.timeout(RECEIVE_MS),
    });
  } catch (error) {
    const outcome = error instanceof TenantryError ? error.code : 'Internal';
    context.metrics.webhooks.inc({ integration: label, outcome });
    throw error;
  }
  context.metrics.webhooks.inc({ integration: label, outcome: received.outcome });
  const { challenge } = received;
  // Nothing more: some providers show the answer to a person (Slack's commands).
  return await (challenge === undefined ? reply.status(200).send() : reply.status(200).send({ challenge }));
}

/** Every value of every header as it came: Node's own view joins those that were sent twice, or drops them. */
function everyHeader(raw: readonly string[]): NodeJS.Dict<string[]> {
  const headers: NodeJS.Dict<string[]> = Object.create(null) as NodeJS.Dict<string[]>;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    headers[name] = [...(headers[name] ?? []), raw[index + 1] ?? ''];
  }
  return headers;
}
