/** The provider's side of Pulumi's protocol over a table of resource types (pulumi/provider.proto). */
import { type sendUnaryData, status } from '@grpc/grpc-js';
import pluginProto from '@pulumi/pulumi/proto/plugin_pb.js';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  ReadRequest,
  UpdateRequest,
} from '@pulumi/pulumi/proto/provider_pb.js';
import proto from '@pulumi/pulumi/proto/provider_pb.js';
import emptyProto from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Struct as StructMessage } from 'google-protobuf/google/protobuf/struct_pb.js';
import structProto from 'google-protobuf/google/protobuf/struct_pb.js';
import { servePlugin } from '../serve.ts';
import { changedInputs, kept, type Properties, problems, type ResourceType } from './resource.ts';

export interface PluginDefinition<C> {
  /** Version of the SDK that it stands in for: the engine warns when a plugin is older than its SDK. */
  readonly version: string;
  readonly types: Readonly<Record<string, ResourceType<C>>>;
  /** Settings of the provider that the plugin honours. */
  readonly settings: readonly string[];
  /** Opens nothing yet. */
  connect(settings: Properties): C;
  close(client: C): Promise<void>;
}

interface Call<T> {
  readonly request: T;
}

type Answer = sendUnaryData<unknown>;

const plain = (struct: StructMessage | undefined): Properties =>
  (struct?.toJavaScript() ?? {}) as unknown as Properties;
const struct = (properties: Properties): StructMessage =>
  structProto.Struct.fromJavaScript(properties as Parameters<typeof structProto.Struct.fromJavaScript>[0]);

/** Serves the plugin until the engine goes. */
export function serveProvider<C>(definition: PluginDefinition<C>): Promise<void> {
  let client: C | undefined;
  const connected = (): C => {
    if (client === undefined) throw new Error('the provider is not configured');
    return client;
  };
  const typeOf = (urn: string): ResourceType<C> => {
    // urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>
    const type = urn.split('::')[2]?.split('$').at(-1) ?? '';
    const found = definition.types[type];
    if (!found) throw new Error(`the test plugin does not know the type ${type}`);
    return found;
  };
  const answering =
    <T>(handle: (request: T) => Promise<unknown> | unknown) =>
    (call: Call<T>, answer: Answer): void => {
      Promise.resolve()
        .then(() => handle(call.request))
        .then(
          (value) => answer(null, value),
          (error: Error) => answer({ code: status.UNKNOWN, details: error.message }, null),
        );
    };
  return servePlugin(
    ResourceProviderService,
    {
      getPluginInfo: answering(() => new pluginProto.PluginInfo().setVersion(definition.version)),
      getSchema: answering(() => new proto.GetSchemaResponse().setSchema('{}')),
      checkConfig: answering((request: CheckRequest) => {
        const news = plain(request.getNews());
        const failures = Object.keys(news)
          .filter((name) => name !== 'version' && !definition.settings.includes(name))
          .map((name) => failure(name, `the test plugin does not know the setting ${name}`));
        return new proto.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
      }),
      diffConfig: answering(() => new proto.DiffResponse().setChanges(NO_CHANGES)),
      configure: answering((request: InstanceType<typeof proto.ConfigureRequest>) => {
        client = definition.connect(plain(request.getArgs()));
        return new proto.ConfigureResponse().setSupportspreview(true);
      }),
      check: answering((request: CheckRequest) => {
        const type = typeOf(request.getUrn());
        const news = { ...type.defaults, ...plain(request.getNews()) };
        const failures = problems(type, news).map(({ property, reason }) => failure(property, reason));
        return new proto.CheckResponse().setInputs(struct(news)).setFailuresList(failures);
      }),
      diff: answering((request: DiffRequest) => diffed(typeOf(request.getUrn()), request)),
      create: answering(async (request: CreateRequest) => {
        const inputs = plain(request.getProperties());
        const type = typeOf(request.getUrn());
        const response = new proto.CreateResponse().setProperties(struct(kept(type, inputs)));
        if (request.getPreview()) return response;
        await type.create(inputs, connected());
        return response.setId(type.id(inputs));
      }),
      read: answering(async (request: ReadRequest) => {
        const type = typeOf(request.getUrn());
        const state = plain(request.getProperties());
        const found = await type.read(request.getId(), state, connected());
        if (!found) return new proto.ReadResponse();
        const rest = Object.fromEntries((type.remembered ?? []).map((name) => [name, state[name]]));
        const properties = { ...found, ...defined(rest) };
        // On a refresh only what the program sets is an input; on an import everything is.
        const wanted = Object.keys(plain(request.getInputs()));
        const inputs = Object.entries(properties).filter(
          ([name]) => wanted.length === 0 || wanted.includes(name),
        );
        return new proto.ReadResponse()
          .setId(request.getId())
          .setProperties(struct(properties))
          .setInputs(struct(Object.fromEntries(inputs)));
      }),
      update: answering(async (request: UpdateRequest) => {
        const type = typeOf(request.getUrn());
        const news = plain(request.getNews());
        if (!request.getPreview()) await type.update(news, plain(request.getOlds()), connected());
        return new proto.UpdateResponse().setProperties(struct(kept(type, news)));
      }),
      delete: answering(async (request: DeleteRequest) => {
        const state = plain(request.getProperties());
        await typeOf(request.getUrn()).delete(request.getId(), state, connected());
        return new emptyProto.Empty();
      }),
      cancel: answering(() => new emptyProto.Empty()),
    },
    async () => {
      if (client !== undefined) await definition.close(client);
    },
  );
}

const NO_CHANGES = proto.DiffResponse.DiffChanges.DIFF_NONE;

function failure(property: string, reason: string): InstanceType<typeof proto.CheckFailure> {
  return new proto.CheckFailure().setProperty(property).setReason(reason);
}

function diffed<C>(type: ResourceType<C>, request: DiffRequest): unknown {
  const changed = changedInputs(type, plain(request.getOlds()), plain(request.getNews()));
  const ignored = new Set(request.getIgnorechangesList());
  const diffs = changed.filter((name) => !ignored.has(name));
  const replaces = diffs.filter((name) => type.replaceOn.includes(name));
  const some = proto.DiffResponse.DiffChanges.DIFF_SOME;
  return new proto.DiffResponse()
    .setChanges(diffs.length > 0 ? some : NO_CHANGES)
    .setDiffsList(diffs)
    .setReplacesList(replaces);
}

function defined(values: Readonly<Record<string, Properties[string] | undefined>>): Properties {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Properties;
}
