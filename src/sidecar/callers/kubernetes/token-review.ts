/** Asks the Kubernetes API server whose a token is (TokenReview, authentication.k8s.io/v1). */
import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { TenantryError } from '../../../errors.ts';

const TIME_LIMIT_MS = 5_000;
const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface TokenReviewOptions {
  readonly apiServer: string;
  readonly audience: string;
  /** Default: that of the pod. */
  readonly caCertFile?: string | undefined;
  /** Default: that of the pod. */
  readonly tokenFile?: string | undefined;
}

const answerSchema = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    user: z.object({ username: z.string().optional() }).optional(),
    error: z.string().optional(),
  }),
});

export class TokenReviewer {
  readonly #options: TokenReviewOptions;
  #connection: { readonly ca: string; readonly dispatcher: Dispatcher } | undefined;

  constructor(options: TokenReviewOptions) {
    this.#options = options;
  }

  /**
   * Name of the user, or undefined where the API server does not know the token, or knows it for others than us.
   * @throws IssuerUnavailable
   */
  async userOf(token: string): Promise<string | undefined> {
    const { audience } = this.#options;
    const { status } = await this.#review(token);
    // A server that knows nothing of audiences answers without them: then the token may be meant for anybody.
    if (status.authenticated !== true || !status.audiences?.includes(audience)) return undefined;
    return status.user?.username;
  }

  async close(): Promise<void> {
    await this.#connection?.dispatcher.close();
  }

  async #review(token: string): Promise<z.output<typeof answerSchema>> {
    const { apiServer, audience, tokenFile } = this.#options;
    try {
      // Read anew: the kubelet replaces both files.
      const [own, dispatcher] = await Promise.all([
        readFile(tokenFile ?? `${POD_FOLDER}/token`, 'utf8'),
        this.#dispatcher(),
      ]);
      const answer = await request(new URL('/apis/authentication.k8s.io/v1/tokenreviews', apiServer), {
        method: 'POST',
        dispatcher,
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
        headers: { authorization: `Bearer ${own.trim()}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences: [audience] },
        }),
      });
      if (answer.statusCode !== 201 && answer.statusCode !== 200) {
        await answer.body.dump();
        throw new Error(`the API server answers TokenReview with ${answer.statusCode}`);
      }
      return answerSchema.parse(await answer.body.json());
    } catch (cause) {
      throw new TenantryError(
        'IssuerUnavailable',
        'the Kubernetes API server cannot be asked about the token',
        {
          cause,
          hint: 'the sidecar’s service account needs the cluster role system:auth-delegator',
        },
      );
    }
  }

  async #dispatcher(): Promise<Dispatcher> {
    const ca = await readFile(this.#options.caCertFile ?? `${POD_FOLDER}/ca.crt`, 'utf8');
    if (this.#connection?.ca !== ca) {
      // Requests under way end on the old one, which then closes itself.
      this.#connection?.dispatcher.close().catch(() => undefined);
      this.#connection = { ca, dispatcher: new Agent({ connect: { ca }, connections: 8 }) };
    }
    return this.#connection.dispatcher;
  }
}
