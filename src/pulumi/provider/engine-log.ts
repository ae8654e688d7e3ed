/** Tells the engine what people should read; a plugin's own output ends up where nobody looks. */
import { type ClientUnaryCall, credentials } from '@grpc/grpc-js';
import { EngineClient } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';
import type { Redactor } from '../../redact.ts';

const SEVERITIES = { debug: 0, info: 1, warning: 2, error: 3 } as const;

export interface LogLine {
  readonly severity: keyof typeof SEVERITIES;
  readonly message: string;
  /** Resource that it is about. Default: none. */
  readonly urn?: string;
}

export class EngineLog {
  readonly #redactor: Redactor;
  readonly #waiting = new Set<ClientUnaryCall>();
  #client: EngineClient | undefined;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** Begins to log to an engine, e.g. `127.0.0.1:40123`. */
  attach(address: string): void {
    this.#client?.close();
    this.#client = new EngineClient(address, credentials.createInsecure());
  }

  /** A line that cannot be sent is lost, and nothing else: who logs has better things to do than to wait. */
  log({ severity, message, urn = '' }: LogLine): void {
    if (!this.#client) return;
    const request = new engine.LogRequest();
    request.setSeverity(SEVERITIES[severity]);
    request.setMessage(this.#redactor.redact(message));
    request.setUrn(urn);
    const call: ClientUnaryCall = this.#client.log(request, () => this.#waiting.delete(call));
    this.#waiting.add(call);
  }

  close(): void {
    for (const call of this.#waiting) call.cancel();
    this.#client?.close();
  }
}
