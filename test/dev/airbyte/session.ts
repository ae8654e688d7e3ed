/** Talks to an emulator in a test and checks every exchange with Airbyte's own document, where that is there. */
import { expect } from 'vitest';
import { type DevAirbyte, type DevAirbyteOptions, startDevAirbyte } from '../../../src/dev/airbyte/server.ts';
import { airbyteDocumentMissing, checkExchange, operationOf } from '../../support/airbyte-openapi.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect; a wrong shape fails the assertion.
  readonly body: any;
}

export interface Session extends AsyncDisposable {
  readonly airbyte: DevAirbyte;
  call(
    method: string,
    path: string,
    input?: { query?: Record<string, string>; body?: unknown },
  ): Promise<Answer>;
  /** As call, but fails the test on an error status. */
  must(
    method: string,
    path: string,
    input?: { query?: Record<string, string>; body?: unknown },
  ): Promise<Answer>;
  /** Operations of the document that were called. */
  readonly operations: Set<string>;
  token: string | undefined;
}

export async function startSession(options: DevAirbyteOptions = {}): Promise<Session> {
  const airbyte = await startDevAirbyte({ apiKey: 'test-key', ...options });
  const operations = new Set<string>();
  const session: Session = {
    airbyte,
    operations,
    token: 'test-key',
    async call(method, path, input = {}) {
      const { status, body } = await send(airbyte.url, session.token, { method, path, ...input });
      if (status >= 400) expectProblem(status, body);
      if (airbyteDocumentMissing === undefined) {
        const exchange = {
          method,
          path,
          query: input.query,
          requestBody: input.body,
          status,
          responseBody: body,
        };
        const found = checkExchange(exchange);
        // A request that is refused may well be wrong; the answer may not.
        expect(found.filter((line) => status < 400 || line.startsWith('response'))).toEqual([]);
        operations.add(operationOf(method, path) ?? `${method} ${path}`);
      }
      return { status, body };
    },
    async must(method, path, input) {
      const answer = await session.call(method, path, input);
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      return answer;
    },
    [Symbol.asyncDispose]: () => airbyte.close(),
  };
  return session;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
}

async function send(base: string, token: string | undefined, sent: Sent): Promise<Answer> {
  const query = new URLSearchParams(sent.query);
  const response = await fetch(`${base}${sent.path}${query.size > 0 ? `?${query}` : ''}`, {
    method: sent.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

function expectProblem(status: number, body: unknown): void {
  expect(body).toEqual({
    status,
    type: expect.any(String),
    title: expect.any(String),
    detail: expect.any(String),
    documentationUrl: null,
    data: expect.any(Object),
  });
}

export const NOTION_TOKEN = { auth_type: 'token', token: 'ntn-1' };

export async function workspace(session: Session, name = 'acme'): Promise<string> {
  const { body } = await session.must('POST', '/workspaces', { body: { name } });
  return body.workspaceId;
}

export async function source(
  session: Session,
  workspaceId: string,
  configuration: Record<string, unknown> = { sourceType: 'notion', credentials: NOTION_TOKEN },
): Promise<string> {
  const { body } = await session.must('POST', '/sources', {
    body: { name: 'source', workspaceId, configuration },
  });
  return body.sourceId;
}

export const POSTGRES = {
  destinationType: 'postgres',
  host: '127.0.0.1',
  port: 5432,
  database: 'postgres',
  schema: 'tenant_acme',
  username: 'loader',
  password: 'secret-password',
};

export async function destination(
  session: Session,
  workspaceId: string,
  configuration: Record<string, unknown> = POSTGRES,
): Promise<string> {
  const { body } = await session.must('POST', '/destinations', {
    body: { name: 'warehouse', workspaceId, configuration },
  });
  return body.destinationId;
}

export interface Pair {
  readonly workspaceId: string;
  readonly sourceId: string;
  readonly destinationId: string;
}

export async function pair(session: Session): Promise<Pair> {
  const workspaceId = await workspace(session);
  return {
    workspaceId,
    sourceId: await source(session, workspaceId),
    destinationId: await destination(session, workspaceId),
  };
}

export async function connection(
  session: Session,
  ids: Pair,
  more: Record<string, unknown> = {},
): Promise<Answer['body']> {
  const { sourceId, destinationId } = ids;
  return (await session.must('POST', '/connections', { body: { sourceId, destinationId, ...more } })).body;
}
