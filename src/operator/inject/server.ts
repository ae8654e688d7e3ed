/** Serves the webhook that injects sidecars: HTTPS, one route, for the API server alone. */
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { type CertificateFiles, endOf, followCertificate, readCertificate } from './certificate.ts';
import { type ReviewContext, type ReviewOutcome, review } from './review.ts';

/** Where a webhook configuration sends its AdmissionReviews. */
export const INJECT_PATH = '/inject';

/** A Pod has at most 1.5 MiB in the store, and an AdmissionReview may hold it twice. */
const BODY_BYTES = 8 * 1024 * 1024;

export interface InjectorOptions extends ReviewContext {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: CertificateFiles;
  readonly log: Logger;
  /** Stops the server after what is under way. */
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at the certificate's files. Default 10,000. */
  readonly certificateEveryMs?: number;
  /** Called for each AdmissionReview, for metrics. */
  readonly onReview?: (outcome: ReviewOutcome | 'error') => void;
}

export interface Injector {
  /** As it listens, e.g. `https://0.0.0.0:9443`. */
  readonly url: string;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** @throws MissingSetting without a usable certificate, InvalidUsage when it cannot listen */
export async function startInjector(options: InjectorOptions): Promise<Injector> {
  const { host, port, tls, log, signal } = options;
  const pair = await readCertificate(tls);
  const app = fastify({
    https: { ...pair, minVersion: 'TLSv1.2' },
    bodyLimit: BODY_BYTES,
    forceCloseConnections: 'idle',
    logger: false,
  });
  app.post(INJECT_PATH, async (request, reply) => {
    const { status, body } = await answerTo(request.body, options);
    return await reply.code(status).send(body);
  });
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new TenantryError('InvalidUsage', `the webhook cannot listen on ${host}:${port} (${code})`, {
      cause,
    });
  }
  const server = app.server as unknown as Server;
  const followed = new AbortController();
  followCertificate({
    files: tls,
    onChange: (renewed) => server.setSecureContext({ ...renewed, minVersion: 'TLSv1.2' }),
    log,
    signal: followed.signal,
    ...(options.certificateEveryMs !== undefined && { everyMs: options.certificateEveryMs }),
  });
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  log.info({ url, certificateEnds: endOf(pair.cert) }, 'the injection webhook listens');
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    followed.abort();
    closed ??= app.close();
    return closed;
  };
  signal.addEventListener('abort', () => void close(), { once: true });
  if (signal.aborted) await close();
  return { url, close };
}

/** A status other than 200 lets the API server decide by the webhook's failurePolicy. */
async function answerTo(
  body: unknown,
  { log, onReview, ...context }: InjectorOptions,
): Promise<{ readonly status: number; readonly body: object }> {
  try {
    const { answer, outcome, facts } = await review(body, context);
    onReview?.(outcome);
    if (outcome === 'refused') log.warn(facts, 'a Pod was refused');
    else if (outcome === 'injected') log.info(facts, 'a sidecar was put into a Pod');
    return { status: 200, body: answer };
  } catch (error) {
    const failure = asTenantryError(error);
    onReview?.('error');
    log.error({ err: failure }, 'an AdmissionReview could not be answered');
    return { status: failure.status, body: { code: failure.code, message: failure.message } };
  }
}
