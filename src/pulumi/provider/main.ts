/** The plugin: serves the provider protocol on a free port, tells the engine which, and ends when the engine does. */
import { createRequire } from 'node:module';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { withSecretFiles } from '../../cli/env-files.ts';
import { asTenantryError } from '../../errors.ts';
import { createService } from './service.ts';

/** A configuration can be big; the engine's own limit is the same. */
const MOST_BYTES = 400 * 1024 * 1024;

/** Calls that were stopped have this long to say so, in milliseconds. */
const LAST_WORDS_MS = 3_000;

/** How often it is looked whether the parent is still there, in milliseconds. */
const LOOK_MS = 2_000;

export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const service = createService({ env: withSecretFiles(env) });
  const engine = args.find((arg) => !arg.startsWith('-'));
  if (engine) service.log.attach(engine);
  const server = new Server({
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.max_send_message_length': MOST_BYTES,
  });
  server.addService(definition(), service.implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), LAST_WORDS_MS).unref();
    void service.close().finally(() => server.tryShutdown(() => process.exit(0)));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  if (engine) endWithEngine(end);
  process.stdout.write(`${port}\n`);
}

/** The engine holds the other end of the standard input; the system closes it even when the engine was killed. */
function endWithEngine(end: () => void): void {
  process.stdin.once('end', end).once('close', end).once('error', end).resume();
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, LOOK_MS).unref();
}

/** The package has no types for its services. */
function definition(): ServiceDefinition {
  const require = createRequire(import.meta.url);
  const file = require('@pulumi/pulumi/proto/provider_grpc_pb.js') as {
    ResourceProviderService: ServiceDefinition;
  };
  return file.ResourceProviderService;
}

/** For the executable: an error before the port is told is all that the engine gets to see. */
export function run(): void {
  main(process.argv.slice(2), process.env).catch((error: unknown) => {
    const { code, message, hint } = asTenantryError(error);
    process.stderr.write(`${code}: ${message}\n  → ${hint}\n`);
    process.exit(1);
  });
}
