/** Hands the answer of a service on, piece by piece, at the speed of the slower side. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { TenantryError } from '../../errors.ts';
import type { Deadline } from './deadline.ts';
import type { BodyMask } from './mask.ts';
import type { AnswerBody } from './upstream.ts';

export interface RelayOptions {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: AnswerBody;
  /** Undefined: the body is compressed and cannot be looked through. */
  readonly mask: BodyMask | undefined;
  readonly deadline: Deadline;
  /** Largest body in bytes; what is longer is cut, and the caller can tell. */
  readonly most: number;
}

/** Answers up to this length come at once after their head, which then needs no packet of its own. */
const SMALL_BYTES = 65_536;

const NOTHING = Buffer.alloc(0);

/** @returns bytes handed on. Never rejects: an answer that breaks breaks the caller's connection, as it must. */
export function relay(response: ServerResponse, options: RelayOptions): Promise<number> {
  const { status, headers, body, mask, deadline, most } = options;
  const length = Number(headers['content-length'] ?? Number.NaN);
  response.writeHead(status, headers);
  if (!(length <= SMALL_BYTES)) response.flushHeaders();
  return new Promise((resolve) => {
    let bytes = 0;
    // A write to a caller who has just gone.
    response.on('error', () => undefined);
    response.once('close', () => {
      if (!body.isOver) body.abort(new TenantryError('Cancelled', 'the caller is gone'));
      resolve(bytes);
    });
    response.on('drain', () => {
      deadline.touch();
      body.resume();
    });
    const tooMuch = (): boolean => {
      // A clean end would make a part look like the whole.
      response.destroy();
      body.abort(new TenantryError('PayloadTooLarge', `the answer has more than ${most} bytes`));
      return true;
    };
    const write = (clean: Buffer, isLast: boolean): boolean => {
      if (!isLast) return clean.length === 0 || response.write(clean);
      response.end(clean);
      return true;
    };
    body.take({
      data(chunk) {
        if (response.destroyed) return true;
        deadline.touch();
        bytes += chunk.length;
        if (bytes > most) return tooMuch();
        const clean = mask === undefined ? chunk : mask.push(chunk);
        // The last piece goes out together with the end.
        return write(clean, bytes === length && clean.length === chunk.length);
      },
      end() {
        if (!response.writableEnded && !response.destroyed) response.end(mask?.end() ?? NOTHING);
      },
      fail: () => void response.destroy(),
    });
  });
}
