/** The methods of the protocol that are about one resource: Check, Diff, Create, Read, Update, Delete. */
import providers from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { CallContext, unary } from './calls.ts';
import { checkInputs } from './check.ts';
import { checkFailure } from './check-failure.ts';
import { type Diff, diff } from './diff.ts';
import { topOf } from './differences.ts';
import type { EngineLog } from './engine-log.ts';
import { resourceTypeOf } from './kinds.ts';
import { create, type Known, type Target, update } from './lifecycle.ts';
import { previewCreate, previewUpdate } from './preview.ts';
import { read } from './read.ts';
import { remove } from './removal.ts';
import type { AnyResourceType } from './resource-type.ts';
import type { Session } from './session.ts';
import { parseUrn, pulumiOwner } from './urn.ts';
import { decode, encode, type Properties } from './wire.ts';

export interface MethodsOptions {
  call<Req, Res>(
    work: (request: Req, context: CallContext) => Promise<Res>,
  ): ReturnType<typeof unary<Req, Res>>;
  session(): Session;
  readonly log: EngineLog;
}

export function resourceMethods({ call, session, log }: MethodsOptions): Record<string, unknown> {
  const typeOf = (urn: string): AnyResourceType => resourceTypeOf(parseUrn(urn).type);

  async function targetOf(
    urn: string,
    inputs: Properties,
    options: { readonly signal: AbortSignal; readonly readOnly: boolean },
  ): Promise<Target> {
    const world = await session().world({ owner: pulumiOwner(parseUrn(urn)), ...options });
    const tell: Target['tell'] = (severity, message) => log.log({ severity, message, urn });
    return { type: typeOf(urn), urn, inputs, world, tell, redactor: session().redactor };
  }

  return {
    check: call(async (request: providers.CheckRequest) => {
      const { inputs, failures } = checkInputs(typeOf(request.getUrn()).inputs, decode(request.getNews()));
      const response = new providers.CheckResponse();
      response.setInputs(encode(inputs));
      response.setFailuresList(failures.map(checkFailure));
      return response;
    }),

    diff: call(async (request: providers.DiffRequest, { signal }) => {
      const state = decode(request.getOlds());
      const newInputs = decode(request.getNews());
      const target = await targetOf(request.getUrn(), newInputs, { signal, readOnly: true });
      const oldInputs = oldInputsOf(request, target.type, state);
      return diffResponse(await diff({ ...target, oldInputs, state, newInputs }));
    }),

    create: call(async (request: providers.CreateRequest, { signal }) => {
      const inputs = decode(request.getProperties());
      const readOnly = request.getPreview();
      const target = await targetOf(request.getUrn(), inputs, { signal, readOnly });
      const response = new providers.CreateResponse();
      if (readOnly) {
        response.setProperties(encode({ ...inputs, ...(await previewCreate(target)) }));
        return response;
      }
      const { id, outputs } = await create(target);
      response.setId(id);
      response.setProperties(encode({ ...inputs, ...outputs }));
      return response;
    }),

    read: call(async (request: providers.ReadRequest, { signal }) => {
      const target = await targetOf(request.getUrn(), decode(request.getInputs()), {
        signal,
        readOnly: true,
      });
      const found = await read({ ...target, id: request.getId() });
      const response = new providers.ReadResponse();
      // An empty id says that there is no such object.
      if (!found) return response;
      response.setId(found.id);
      response.setInputs(encode(found.inputs));
      response.setProperties(encode({ ...found.inputs, ...found.outputs }));
      return response;
    }),

    update: call(async (request: providers.UpdateRequest, { signal }) => {
      const state = decode(request.getOlds());
      const inputs = decode(request.getNews());
      const readOnly = request.getPreview();
      const target = await targetOf(request.getUrn(), inputs, { signal, readOnly });
      const known: Known = { id: request.getId(), inputs: oldInputsOf(request, target.type, state) };
      const outputs = readOnly
        ? await previewUpdate(target, known, state)
        : (await update(target, known)).outputs;
      const response = new providers.UpdateResponse();
      response.setProperties(encode({ ...inputs, ...outputs }));
      return response;
    }),

    delete: call(async (request: providers.DeleteRequest, { signal }) => {
      const urn = request.getUrn();
      const state = decode(request.getProperties());
      const inputs = oldInputsOf(request, typeOf(urn), state);
      const target = await targetOf(urn, inputs, { signal, readOnly: false });
      await remove(target, { id: request.getId(), inputs });
      return new empty.Empty();
    }),
  };
}

interface WithOldInputs {
  getOldInputs(): ReturnType<providers.DiffRequest['getOldInputs']>;
}

/** Older engines send the state alone, which holds the inputs as well. */
function oldInputsOf(request: WithOldInputs, type: AnyResourceType, state: Properties): Properties {
  const sent = request.getOldInputs();
  if (sent) return decode(sent);
  const names = Object.keys(type.inputs.shape);
  return Object.fromEntries(names.filter((name) => name in state).map((name) => [name, state[name]]));
}

function diffResponse({ differences, deletesFirst }: Diff): providers.DiffResponse {
  const response = new providers.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = providers.DiffResponse.DiffChanges;
  response.setChanges(differences.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList([...new Set(differences.map(({ path }) => topOf(path)))]);
  response.setReplacesList(differences.filter(({ replaces }) => replaces).map(({ path }) => path));
  response.setDeletebeforereplace(deletesFirst);
  response.setHasdetaileddiff(true);
  for (const { path, change, isInput, replaces } of differences) {
    const detail = new providers.PropertyDiff();
    detail.setKind(DETAILS[change] + (replaces ? 1 : 0));
    detail.setInputdiff(isInput);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

/** PropertyDiff.Kind: the one for a replacement always follows. */
const DETAILS = { add: 0, delete: 2, update: 4 } as const;
