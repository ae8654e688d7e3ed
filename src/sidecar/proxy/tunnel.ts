/** Joins two connections after an upgrade: what comes in at one goes out at the other, at the speed of the slower. */
import type { Duplex } from 'node:stream';
import { TenantryError } from '../../errors.ts';
import type { Deadline } from './deadline.ts';

export interface TunnelOptions {
  readonly caller: Duplex;
  readonly service: Duplex;
  readonly deadline: Deadline;
  /** Most bytes each way. */
  readonly most: number;
}

export interface Moved {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Resolves when both are closed. Frames are not looked into: close codes, pings and extensions are between the two. */
export async function tunnel({ caller, service, deadline, most }: TunnelOptions): Promise<Moved> {
  const { signal } = deadline;
  const cut = (): void => {
    caller.destroy();
    service.destroy();
  };
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  const limit = (bytes: number): void => {
    deadline.touch();
    if (bytes > most) deadline.abort(new TenantryError('PayloadTooLarge', `more than ${most} bytes one way`));
  };
  const [bytesIn, bytesOut] = await Promise.all([pump(caller, service, limit), pump(service, caller, limit)]);
  return { bytesIn, bytesOut };
}

/** @returns bytes moved, when `from` is closed */
function pump(from: Duplex, to: Duplex, onBytes: (total: number) => void): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    from.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      onBytes(bytes);
      if (to.writable && !to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.once('end', () => to.end());
    // Whoever is left could only speak to nobody.
    from.once('close', () => {
      if (!from.readableEnded) to.destroy();
      resolve(bytes);
    });
    from.on('error', () => to.destroy());
    if (from.destroyed) {
      to.destroy();
      resolve(bytes);
    }
  });
}
