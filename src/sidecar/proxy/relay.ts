/** Hands the answer of a service on, piece by piece, at the speed of the slower side. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { TenantryError } from '../../errors.ts';
import type { Deadline } from './deadline.ts';
import type { BodyMask } from './mask.ts';

export interface RelayOptions {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Readable;
  /** Undefined: the body is compressed and cannot be looked through. */
  readonly mask: BodyMask | undefined;
  readonly deadline: Deadline;
  /** Largest body in bytes; what is longer is cut, and the caller can tell. */
  readonly most: number;
}

/** Answers up to this length come at once after their head, which then needs no packet of its own. */
const SMALL_BYTES = 65_536;

/** @returns bytes handed on. Never rejects: an answer that breaks breaks the caller's connection, as it must. */
export function relay(response: ServerResponse, options: RelayOptions): Promise<number> {
  const { status, headers, body, mask, deadline, most } = options;
  response.writeHead(status, headers);
  if (!(Number(headers['content-length']) <= SMALL_BYTES)) response.flushHeaders();
  return new Promise((resolve) => {
    let bytes = 0;
    let isOver = false;
    const finish = (): void => {
      if (isOver) return;
      isOver = true;
      resolve(bytes);
    };
    const write = (chunk: Buffer): void => {
      if (chunk.length > 0 && !response.write(chunk)) body.pause();
    };
    body.on('data', (chunk: Buffer) => {
      deadline.touch();
      bytes += chunk.length;
      if (bytes <= most) return write(mask === undefined ? chunk : mask.push(chunk));
      body.destroy(new TenantryError('PayloadTooLarge', `the answer has more than ${most} bytes`));
    });
    body.once('end', () => {
      if (mask !== undefined) write(mask.end());
      response.end();
    });
    // A clean end would make a part look like the whole.
    body.once('error', () => response.destroy());
    response.on('drain', () => {
      deadline.touch();
      body.resume();
    });
    response.once('close', () => {
      body.destroy();
      finish();
    });
  });
}
