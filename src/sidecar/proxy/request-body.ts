/** The body of a call on its way to the service: small ones are kept for a second try, others stream through. */
import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { TenantryError } from '../../errors.ts';

/** Largest body that is read first and can be sent again. */
export const MOST_BUFFERED_BYTES = 1_048_576;

export interface RequestBody {
  readonly content: Buffer | Readable | null;
  /** Undefined: not known before the end. */
  readonly length: number | undefined;
  /** May it be sent a second time? */
  readonly isRepeatable: boolean;
  /** Bytes that have come so far. */
  readonly bytes: () => number;
}

export interface BodyOptions {
  /** Largest body in bytes. */
  readonly most: number;
  /** Called when a piece comes. */
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

const NONE: RequestBody = { content: null, length: undefined, isRepeatable: true, bytes: () => 0 };

/** @throws PayloadTooLarge */
export async function requestBody(request: IncomingMessage, options: BodyOptions): Promise<RequestBody> {
  const length = lengthOf(request);
  if (length === 0) return NONE;
  if (length === undefined) return streamed(request, undefined, options);
  if (length > options.most) throw tooLarge(options.most);
  return length <= MOST_BUFFERED_BYTES
    ? await buffered(request, length, options)
    : streamed(request, length, options);
}

/** Node has checked the framing: never both headers, and only digits in the one (RFC 9112, section 6.3). */
function lengthOf({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

async function buffered(
  request: IncomingMessage,
  length: number,
  { onProgress, signal }: BodyOptions,
): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      onProgress();
    });
    request.once('end', () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    request.once('error', reject);
  });
  const content = chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks);
  return { content, length, isRepeatable: true, bytes: () => length };
}

function streamed(
  request: IncomingMessage,
  length: number | undefined,
  { most, onProgress, signal }: BodyOptions,
): RequestBody {
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onProgress();
      if (bytes > most) done(tooLarge(most));
      else done(null, chunk);
    },
  });
  // Whoever sends it hears of it too; but that may not have begun, and an error that nobody hears ends the process.
  meter.on('error', () => undefined);
  // Not `pipeline`: it would end the caller's connection, on which the answer has still to be given.
  request.once('error', (error) => meter.destroy(error));
  signal.addEventListener('abort', () => meter.destroy(signal.reason as Error), { once: true });
  meter.once('close', () => request.unpipe(meter));
  request.pipe(meter);
  return { content: meter, length, isRepeatable: false, bytes: () => bytes };
}

function tooLarge(most: number): TenantryError {
  return new TenantryError('PayloadTooLarge', `the body has more than ${most} bytes`, {
    hint: 'send less, or raise spec.sidecar.limits.proxyBodyBytes',
  });
}
