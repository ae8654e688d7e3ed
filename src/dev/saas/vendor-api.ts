/** What a fake vendor's API is to the listener: its routes and its way to refuse a token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token the call carries; set before any route runs. */
    tenant: string;
    /** Scopes of that token. */
    scopes: readonly string[];
  }
}

export interface VendorApi {
  /** The vendor; the first part of the path. */
  readonly integration: string;
  /** Integrations that this API is of, where they have other names. Default: the one above. */
  readonly serves?: readonly string[];
  /** Adds the routes below `/{integration}`. */
  routes(api: FastifyInstance): void;
  /** Answers a call without a token (`missing`) or with one that is not good. */
  refuse(reply: FastifyReply, missing: boolean): FastifyReply;
  /** Headers that every answer carries. */
  headers?(request: FastifyRequest): Readonly<Record<string, string>>;
  /** A token elsewhere than in the Authorization header. */
  tokenOf?(request: FastifyRequest): string | undefined;
}

/** Query parameters, and the fields of a form or JSON body over them. */
export function fieldsOf(request: FastifyRequest): Record<string, unknown> {
  const body = typeof request.body === 'object' && request.body !== null ? request.body : {};
  return { ...(request.query as Record<string, unknown>), ...(body as Record<string, unknown>) };
}

/** A whole number from 1 to `most`; `fallback` where the field is absent or bad. */
export function sizeField(value: unknown, fallback: number, most: number): number {
  const number = wholeNumber(value);
  return number === undefined || number < 1 ? fallback : Math.min(number, most);
}

/** A whole number of 0 or more, given as a number or text. */
export function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

export function textField(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
