/** The provider as an engine sees it: its service on a real port, called by the protocol. */
import { createRequire } from 'node:module';
import {
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import type plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import providers from '@pulumi/pulumi/proto/provider_pb.js';
import statuses from '@pulumi/pulumi/proto/status_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import structs from 'google-protobuf/google/protobuf/struct_pb.js';
import { createService } from '../../../src/pulumi/provider/service.ts';
import { decode, encode, type Properties } from '../../../src/pulumi/provider/wire.ts';

const require = createRequire(import.meta.url);
const { ResourceProviderService, ResourceProviderClient } =
  require('@pulumi/pulumi/proto/provider_grpc_pb.js') as {
    ResourceProviderService: ServiceDefinition;
    ResourceProviderClient: new (address: string, creds: unknown) => RawClient;
  };

type RawClient = Record<
  string,
  (request: unknown, callback: (error: ServiceError | null, response: unknown) => void) => { cancel(): void }
> & { close(): void };

export interface State {
  readonly id: string;
  readonly inputs: Properties;
  /** Inputs and outputs, as the engine keeps them; secrets in clear. */
  readonly properties: Properties;
}

export interface DiffAnswer {
  readonly changes: 'none' | 'some';
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** By path: kind of the difference, e.g. `UPDATE_REPLACE`. */
  readonly detail: Readonly<Record<string, string>>;
}

export interface InitFailed {
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: readonly string[];
}

export interface TestEngineOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly config?: Properties;
  /** Default `dev`. */
  readonly stack?: string;
}

export type TestEngine = Awaited<ReturnType<typeof startEngine>>;

const KINDS = ['ADD', 'ADD_REPLACE', 'DELETE', 'DELETE_REPLACE', 'UPDATE', 'UPDATE_REPLACE'];

/** A configured provider. Everything that it answers is kept in `answers`, for canaries. */
export async function startEngine({ env, config = {}, stack = 'dev' }: TestEngineOptions) {
  const service = createService({ env });
  const server = new Server();
  server.addService(ResourceProviderService, service.implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const answers: string[] = [];
  const urnOf = (type: string, name: string): string =>
    `urn:pulumi:${stack}::shop::tenantry:index:Tenant$tenantry:index:${type}::${name}`;

  function call<T>(method: string, request: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      client[method]?.(request, (error, response) => {
        if (error) answers.push(error.details, error.message, JSON.stringify(error.metadata.toJSON()));
        else answers.push(JSON.stringify((response as { toObject(): unknown }).toObject()));
        if (error) reject(error);
        else resolve(response as T);
      });
    });
  }

  async function check(type: string, name: string, news: Properties, olds: Properties = {}) {
    const request = new providers.CheckRequest();
    request.setUrn(urnOf(type, name));
    request.setNews(encode(news));
    request.setOlds(encode(olds));
    const response = await call<providers.CheckResponse>('check', request);
    return {
      inputs: decode(response.getInputs()),
      failures: response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`),
    };
  }

  async function checked(type: string, name: string, news: Properties): Promise<Properties> {
    const { inputs, failures } = await check(type, name, news);
    if (failures.length > 0) throw new Error(failures.join('\n'));
    return inputs;
  }

  async function create(type: string, name: string, news: Properties, timeout = 0): Promise<State> {
    const inputs = await checked(type, name, news);
    const request = createRequest(urnOf(type, name), inputs);
    request.setTimeout(timeout);
    const response = await call<providers.CreateResponse>('create', request);
    return { id: response.getId(), inputs, properties: decode(response.getProperties()) };
  }

  async function previewCreate(type: string, name: string, news: Properties): Promise<Properties> {
    const request = createRequest(urnOf(type, name), await checked(type, name, news));
    request.setPreview(true);
    return decode((await call<providers.CreateResponse>('create', request)).getProperties());
  }

  async function update(type: string, name: string, state: State, news: Properties, preview = false) {
    const inputs = await checked(type, name, news);
    const request = new providers.UpdateRequest();
    request.setUrn(urnOf(type, name));
    request.setId(state.id);
    request.setOlds(encode(state.properties));
    request.setOldInputs(encode(state.inputs));
    request.setNews(encode(inputs));
    request.setPreview(preview);
    const response = await call<providers.UpdateResponse>('update', request);
    return { id: state.id, inputs, properties: decode(response.getProperties()) };
  }

  async function diff(type: string, name: string, state: State, news: Properties): Promise<DiffAnswer> {
    const request = new providers.DiffRequest();
    request.setUrn(urnOf(type, name));
    request.setId(state.id);
    request.setOlds(encode(state.properties));
    request.setOldInputs(encode(state.inputs));
    request.setNews(encode(await checked(type, name, news)));
    const response = await call<providers.DiffResponse>('diff', request);
    const detail: Record<string, string> = {};
    for (const [path, each] of response.getDetaileddiffMap().entries()) {
      detail[path] = KINDS[each.getKind()] ?? '';
    }
    return {
      changes: response.getChanges() === providers.DiffResponse.DiffChanges.DIFF_SOME ? 'some' : 'none',
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      detail,
    };
  }

  /** @param inputs those of the state; none to import */
  async function read(type: string, name: string, id: string, state?: State): Promise<State | undefined> {
    const request = new providers.ReadRequest();
    request.setUrn(urnOf(type, name));
    request.setId(id);
    request.setInputs(state && encode(state.inputs));
    request.setProperties(encode(state?.properties ?? {}));
    const response = await call<providers.ReadResponse>('read', request);
    if (response.getId() === '') return undefined;
    return {
      id: response.getId(),
      inputs: decode(response.getInputs()),
      properties: decode(response.getProperties()),
    };
  }

  async function remove(type: string, name: string, state: State): Promise<void> {
    const request = new providers.DeleteRequest();
    request.setUrn(urnOf(type, name));
    request.setId(state.id);
    request.setProperties(encode(state.properties));
    request.setOldInputs(encode(state.inputs));
    await call('delete', request);
  }

  async function invoke(token: string, args: Properties): Promise<Properties> {
    const request = new providers.InvokeRequest();
    request.setTok(`tenantry:index:${token}`);
    request.setArgs(encode(args));
    const response = await call<providers.InvokeResponse>('invoke', request);
    const failures = response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join('\n'));
    return decode(response.getReturn());
  }

  async function checkConfig(news: Properties): Promise<string[]> {
    const request = new providers.CheckRequest();
    request.setNews(encode(news));
    const response = await call<providers.CheckResponse>('checkConfig', request);
    return response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`);
  }

  async function configure(args: Properties): Promise<providers.ConfigureResponse> {
    const request = new providers.ConfigureRequest();
    request.setArgs(encode(args));
    return await call<providers.ConfigureResponse>('configure', request);
  }

  async function schema(): Promise<string> {
    return (
      await call<providers.GetSchemaResponse>('getSchema', new providers.GetSchemaRequest())
    ).getSchema();
  }

  async function handshake(): Promise<providers.ProviderHandshakeResponse.AsObject> {
    const request = new providers.ProviderHandshakeRequest();
    const response = await call<providers.ProviderHandshakeResponse>('handshake', request);
    return response.toObject();
  }

  async function pluginVersion(): Promise<string> {
    return (await call<plugins.PluginInfo>('getPluginInfo', new empty.Empty())).getVersion();
  }

  await configure(config);
  return {
    answers,
    check,
    create,
    previewCreate,
    update,
    diff,
    read,
    remove,
    invoke,
    checkConfig,
    configure,
    schema,
    handshake,
    pluginVersion,
    cancel: () => call<unknown>('cancel', new empty.Empty()),
    close: async (): Promise<void> => {
      client.close();
      await service.close();
      server.forceShutdown();
    },
  };
}

function createRequest(urn: string, inputs: Properties): providers.CreateRequest {
  const request = new providers.CreateRequest();
  request.setUrn(urn);
  request.setProperties(encode(inputs));
  return request;
}

/** What a half-made object's error says, out of the details of the status. */
export function initFailed(error: unknown): InitFailed | undefined {
  const [bytes] = (error as ServiceError).metadata?.get('grpc-status-details-bin') ?? [];
  if (!(bytes instanceof Uint8Array)) return undefined;
  const [detail] = statuses.Status.deserializeBinary(bytes).getDetailsList();
  if (detail?.getTypeName() !== 'pulumirpc.ErrorResourceInitFailed') return undefined;
  const failed = providers.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return {
    id: failed.getId(),
    properties: decode(failed.getProperties() ?? new structs.Struct()),
    reasons: failed.getReasonsList(),
  };
}

/** Text of an error, as a user reads it. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught as ServiceError,
  );
  if (!error) throw new Error('it was not refused');
  return error.details;
}
