/** The provider protocol (pulumirpc.ResourceProvider) on the resource types. It holds what one engine has told. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import providers from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { TenantryError } from '../../errors.ts';
import { Redactor } from '../../redact.ts';
import { version } from '../../version.ts';
import { type CallContext, unary } from './calls.ts';
import { checkInputs } from './check.ts';
import { checkFailure } from './check-failure.ts';
import { checkConfiguration, configure } from './configuration.ts';
import { differences, topOf } from './differences.ts';
import { EngineLog } from './engine-log.ts';
import { providerFunction } from './functions.ts';
import { resourceMethods } from './resource-methods.ts';
import { providerSchemaText } from './schema.ts';
import { Session } from './session.ts';
import { decode, encode, hasUnknown, UNKNOWN } from './wire.ts';

export interface ServiceOptions {
  /** Where settings come from that the configuration does not have. */
  readonly env: NodeJS.ProcessEnv;
}

export interface ProviderService {
  readonly implementation: UntypedServiceImplementation;
  readonly log: EngineLog;
  /** Ends every call, and closes the clients. */
  close(): Promise<void>;
}

export function createService({ env }: ServiceOptions): ProviderService {
  const redactor = new Redactor();
  const log = new EngineLog(redactor);
  const cancel = new AbortController();
  let session: Session | undefined;
  const options = { cancelled: cancel.signal, redactor: () => redactor };
  const call = <Req, Res>(
    work: (request: Req, context: CallContext) => Promise<Res>,
  ): ReturnType<typeof unary<Req, Res>> => unary(options, work);
  const configured = (): Session => {
    if (session) return session;
    throw new TenantryError('Internal', 'the engine has not configured the provider');
  };

  const implementation = {
    handshake: call(async (request: providers.ProviderHandshakeRequest) => {
      if (request.getEngineAddress()) log.attach(request.getEngineAddress());
      return handshakeResponse();
    }),
    attach: call(async (request: plugins.PluginAttach) => {
      log.attach(request.getAddress());
      return new empty.Empty();
    }),
    getPluginInfo: call(async () => {
      const info = new plugins.PluginInfo();
      info.setVersion(version());
      return info;
    }),
    getSchema: call(async () => {
      const response = new providers.GetSchemaResponse();
      response.setSchema(providerSchemaText());
      return response;
    }),
    checkConfig: call(async (request: providers.CheckRequest) => {
      const response = new providers.CheckResponse();
      response.setInputs(request.getNews());
      response.setFailuresList(checkConfiguration(decode(request.getNews())).map(checkFailure));
      return response;
    }),
    diffConfig: call(async (request: providers.DiffRequest) => diffConfig(request)),
    configure: call(async (request: providers.ConfigureRequest) => {
      await session?.close();
      session = new Session(configure(decode(request.getArgs()), env, redactor), redactor);
      return configureResponse();
    }),
    invoke: call((request: providers.InvokeRequest, { signal }) => invoke(request, configured(), signal)),
    cancel: call(async () => {
      // Later, so that this call itself is answered.
      setImmediate(() => cancel.abort());
      return new empty.Empty();
    }),
    ...resourceMethods({ call, session: configured, log }),
  };
  const close = async (): Promise<void> => {
    cancel.abort();
    log.close();
    await session?.close();
  };
  return { implementation: implementation as unknown as UntypedServiceImplementation, log, close };
}

/** Secrets arrive in clear, and what is secret in an answer is marked there. */
function handshakeResponse(): providers.ProviderHandshakeResponse {
  const response = new providers.ProviderHandshakeResponse();
  response.setAcceptSecrets(false);
  // A resource in the place of its id arrives as the id.
  response.setAcceptResources(false);
  response.setAcceptOutputs(false);
  response.setSupportsAutonamingConfiguration(false);
  return response;
}

function configureResponse(): providers.ConfigureResponse {
  const response = new providers.ConfigureResponse();
  response.setAcceptsecrets(false);
  response.setSupportspreview(true);
  response.setAcceptresources(false);
  response.setAcceptoutputs(false);
  return response;
}

/** Another address may be the same system: resources are never replaced for it. */
function diffConfig(request: providers.DiffRequest): providers.DiffResponse {
  const before = decode(request.getOldInputs() ?? request.getOlds());
  const changed = differences(before, decode(request.getNews()));
  const response = new providers.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = providers.DiffResponse.DiffChanges;
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList([...new Set(changed.map(({ path }) => topOf(path)))]);
  return response;
}

async function invoke(
  request: providers.InvokeRequest,
  session: Session,
  signal: AbortSignal,
): Promise<providers.InvokeResponse> {
  const called = providerFunction(request.getTok());
  const response = new providers.InvokeResponse();
  const { inputs, failures } = checkInputs(called.inputs, decode(request.getArgs()));
  if (failures.length > 0) {
    response.setFailuresList(failures.map(checkFailure));
    return response;
  }
  if (hasUnknown(inputs)) {
    const later = Object.keys(called.outputs).map((name) => [name, UNKNOWN]);
    response.setReturn(encode(Object.fromEntries(later)));
    return response;
  }
  // Who only looks owns nothing.
  const world = await session.world({ owner: 'pulumi:none', signal, readOnly: request.getPreview() });
  response.setReturn(encode(await called.call(inputs, world)));
  return response;
}
