/** One call of the engine: how long it may take, what ends it early, and how it is answered. */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import { asServiceError } from './errors.ts';

export interface CallContext {
  /** Aborted when the engine cancels, hangs up, or the time is over. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  /** Aborted when the engine cancels everything. */
  readonly cancelled: AbortSignal;
  readonly redactor: () => Redactor;
}

type Unary<Req, Res> = (call: ServerUnaryCall<Req, Res>, callback: sendUnaryData<Res>) => void;

/** Seconds that a request gives, where it has them (the resource option customTimeouts). */
interface Timed {
  getTimeout?(): number;
}

/** @param work its errors become answers; a signal that it is given ends it */
export function unary<Req, Res>(
  options: CallOptions,
  work: (request: Req, context: CallContext) => Promise<Res>,
): Unary<Req, Res> {
  return (call, callback) => {
    const hungUp = new AbortController();
    call.once('cancelled', () => hungUp.abort());
    const seconds = (call.request as Timed).getTimeout?.() ?? 0;
    const late = new AbortController();
    const timer = seconds > 0 ? setTimeout(() => late.abort(), seconds * 1000) : undefined;
    const signal = AbortSignal.any([options.cancelled, hungUp.signal, late.signal]);
    void answer()
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(asServiceError(inTime(error), options.redactor())),
      )
      .finally(() => clearTimeout(timer));

    async function answer(): Promise<Res> {
      return work(call.request, { signal });
    }

    /** Who gave a limit wants to read of it, and not that somebody stopped. */
    function inTime(error: unknown): unknown {
      if (!late.signal.aborted || asTenantryError(error).code !== 'Cancelled') return error;
      const hint = 'raise customTimeouts of the resource, or look why the system is slow';
      return new TenantryError('TimedOut', `not done within ${seconds} s`, { cause: error, hint });
    }
  };
}
