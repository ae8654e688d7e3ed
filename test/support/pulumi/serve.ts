/** What every plugin of Pulumi's does: serves gRPC on a free port, prints the port, and ends with the engine. */
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Gzipped checkpoints of big stacks pass here; Pulumi's own limit is the same. */
const MOST_BYTES = 400 * 1024 * 1024;

/** @param close called once, when the engine is gone */
export async function servePlugin(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  close: () => Promise<void> | void,
): Promise<void> {
  const server = new Server({
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.max_send_message_length': MOST_BYTES,
  });
  server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  let closing = false;
  const end = (): void => {
    if (closing) return;
    closing = true;
    server.forceShutdown();
    void Promise.resolve(close()).finally(() => process.exit(0));
  };
  // The engine holds the other end, and the system closes it even after a SIGKILL.
  process.stdin.once('close', end).once('end', end).resume();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  process.stdout.write(`${port}\n`);
}
