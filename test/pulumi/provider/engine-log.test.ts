import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { EngineService } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { EngineLog } from '../../../src/pulumi/provider/engine-log.ts';
import { Redactor } from '../../../src/redact.ts';

const lines: LogRequest.AsObject[] = [];
const server = new Server();
let address: string;

beforeAll(async () => {
  const log = (call: ServerUnaryCall<LogRequest, empty.Empty>, answer: sendUnaryData<empty.Empty>): void => {
    lines.push(call.request.toObject());
    answer(null, new empty.Empty());
  };
  server.addService(EngineService as unknown as Parameters<Server['addService']>[0], { log });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  address = `127.0.0.1:${port}`;
});
afterAll(() => server.forceShutdown());

it('tells the engine beside the resource, without any secret, and is silent without an engine', async () => {
  const redactor = new Redactor();
  redactor.add('a-canary-secret');
  const log = new EngineLog(redactor);
  log.log({ severity: 'error', message: 'nobody listens' });
  log.attach(address);
  log.log({ severity: 'warning', message: 'left alone: a-canary-secret', urn: 'urn:pulumi:dev::shop::t::n' });
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  expect(lines[0]).toMatchObject({
    severity: 2,
    message: 'left alone: [redacted]',
    urn: 'urn:pulumi:dev::shop::t::n',
  });
  log.close();
});

it('loses a line rather than to fail where the engine is gone', () => {
  const log = new EngineLog(new Redactor());
  log.attach('127.0.0.1:9');
  expect(() => log.log({ severity: 'info', message: 'x' })).not.toThrow();
  log.close();
});
