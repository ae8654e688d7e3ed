/** Checks exchanges with Airbyte's API against its OpenAPI 3.1 document, which lies beside the project and is not part of it. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const FILE = resolve(import.meta.dirname, '../../../shared/airbyte/api.yaml');

/** Why nothing can be checked, or undefined when the document is there. Tests print it and skip. */
export const airbyteDocumentMissing: string | undefined = existsSync(FILE)
  ? undefined
  : 'skipped: the OpenAPI document of Airbyte is not there (../shared/airbyte/api.yaml)';

export interface Exchange {
  /** In any case, e.g. get. */
  readonly method: string;
  /** Below the base, without the query, e.g. /sources. */
  readonly path: string;
  /** As sent. A list may be an array or a text with commas. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly requestBody?: unknown;
  readonly status: number;
  /** Parsed; undefined or the empty text for none. */
  readonly responseBody?: unknown;
}

type Tree = Record<string, unknown>;

interface Operation {
  readonly id: string;
  readonly template: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** Pointer into the document, e.g. #/paths/~1jobs/get. */
  readonly pointer: string;
  readonly tree: Tree;
  readonly parameters: readonly { readonly pointer: string; readonly tree: Tree }[];
}

interface Document {
  readonly root: Tree;
  readonly operations: ReadonlyMap<string, readonly Operation[]>;
  readonly validator: (pointer: string) => ValidateFunction;
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const escaped = (step: string): string =>
  encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));

let loaded: Document | undefined;

function load(): Document {
  if (loaded !== undefined) return loaded;
  if (airbyteDocumentMissing !== undefined) throw new Error(airbyteDocumentMissing);
  const root = parse(readFileSync(FILE, 'utf8')) as Tree;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  // The document writes the format in two ways, and calls a list without repetition a set.
  ajv.addFormat('UUID', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  ajv.addFormat('set', true);
  ajv.addSchema(root, 'airbyte.json');
  const validators = new Map<string, ValidateFunction>();
  const validator = (pointer: string): ValidateFunction => {
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `airbyte.json${pointer}` });
    validators.set(pointer, known);
    return known;
  };
  loaded = { root, operations: operationsOf(root), validator };
  return loaded;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function operationsOf(root: Tree): Map<string, Operation[]> {
  const result = new Map<string, Operation[]>();
  for (const [template, item] of Object.entries(root.paths as Tree)) {
    const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`);
    const at = `#/paths/${escaped(template)}`;
    for (const method of METHODS) {
      const tree = (item as Tree)[method];
      if (!isTree(tree)) continue;
      const pointer = `${at}/${method}`;
      const parameters = [...parametersAt(item as Tree, at), ...parametersAt(tree, pointer)];
      const operation = { id: String(tree.operationId), template, pattern, names, pointer, tree, parameters };
      result.set(method, [...(result.get(method) ?? []), operation]);
    }
  }
  return result;
}

function parametersAt(tree: Tree, pointer: string): { pointer: string; tree: Tree }[] {
  const list = Array.isArray(tree.parameters) ? tree.parameters : [];
  return list.map((parameter, index) => ({
    pointer: `${pointer}/parameters/${index}/schema`,
    tree: parameter as Tree,
  }));
}

/** The operation's id in the document, or undefined. A path without placeholders goes first. */
export function operationOf(method: string, path: string): string | undefined {
  return find(method, path)?.id;
}

function find(method: string, path: string): Operation | undefined {
  const fitting = (load().operations.get(method.toLowerCase()) ?? []).filter((one) => one.pattern.test(path));
  return fitting.sort((left, right) => left.names.length - right.names.length)[0];
}

/**
 * What the exchange has that the document does not allow; each line begins with `request` or `response`. Fields that the
 * document does not name are reported too. Error statuses may be undocumented, for the document names only a few and
 * describes no body of theirs.
 */
export function checkExchange(exchange: Exchange): string[] {
  const operation = find(exchange.method, exchange.path);
  if (operation === undefined) return [`request: the document has no ${exchange.method} ${exchange.path}`];
  return [
    ...checkPath(operation, exchange),
    ...checkQuery(operation, exchange.query ?? {}),
    ...checkRequestBody(operation, exchange.requestBody),
    ...checkResponse(operation, exchange),
  ];
}

function checkPath(operation: Operation, exchange: Exchange): string[] {
  const values = operation.pattern.exec(exchange.path)?.slice(1) ?? [];
  return operation.names.flatMap((name, index) => {
    const parameter = operation.parameters.find((one) => one.tree.name === name && one.tree.in === 'path');
    if (parameter === undefined) return [];
    const value = coerced(parameter.tree.schema, decodeURIComponent(values[index] as string));
    return check(parameter.pointer, value, `request: path parameter ${name}`);
  });
}

function checkQuery(operation: Operation, query: Readonly<Record<string, unknown>>): string[] {
  const known = operation.parameters.filter((one) => one.tree.in === 'query');
  const mistakes = Object.keys(query)
    .filter((name) => query[name] !== undefined && !known.some((one) => one.tree.name === name))
    .map((name) => `request: query parameter ${name} is not in the document`);
  for (const { pointer, tree } of known) {
    const name = String(tree.name);
    const value = query[name];
    if (value !== undefined) {
      mistakes.push(...check(pointer, coerced(tree.schema, value), `request: query parameter ${name}`));
    } else if (tree.required === true) mistakes.push(`request: query parameter ${name} is missing`);
  }
  return mistakes;
}

/** Texts of a URL as the types that the schema wants. */
function coerced(schema: unknown, value: unknown): unknown {
  const type = isTree(schema) ? resolved(schema).type : undefined;
  if (type === 'array') {
    return (Array.isArray(value) ? value : [value]).flatMap((one) => String(one).split(',')).filter(Boolean);
  }
  if (typeof value !== 'string') return value;
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}

function checkRequestBody(operation: Operation, body: unknown): string[] {
  const documented = operation.tree.requestBody;
  if (!isTree(documented)) return body === undefined ? [] : ['request: the operation has no body'];
  if (body === undefined) return documented.required === true ? ['request: the body is missing'] : [];
  return checkJson(documented, `${operation.pointer}/requestBody`, { value: body, label: 'request' });
}

function checkResponse(operation: Operation, exchange: Exchange): string[] {
  const { status, responseBody } = exchange;
  const documented = (operation.tree.responses as Tree)[String(status)];
  if (!isTree(documented)) {
    return status >= 400 ? [] : [`response: status ${status} is not in the document`];
  }
  const pointer = `${operation.pointer}/responses/${status}`;
  return checkJson(documented, pointer, { value: responseBody, label: 'response' });
}

function checkJson(holder: Tree, pointer: string, body: { value: unknown; label: string }): string[] {
  const content = isTree(holder.content) ? holder.content['application/json'] : undefined;
  const schema = isTree(content) ? content.schema : undefined;
  if (!isTree(schema)) {
    // Plain text where nothing is described is no contradiction; an object would be.
    return isTree(body.value) && holder.content === undefined && !isProblem(body.value)
      ? [`${body.label}: the document describes no body`]
      : [];
  }
  return [
    ...check(`${pointer}/content/application~1json/schema`, body.value ?? null, body.label),
    ...unknownFields(schema, body.value, body.label),
  ];
}

function isProblem(value: Tree): boolean {
  return typeof value.status === 'number' && value.status >= 400 && typeof value.title === 'string';
}

function check(pointer: string, value: unknown, label: string): string[] {
  const validate = load().validator(pointer);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${label}${error.instancePath} ${error.message}`);
}

function resolved(schema: Tree): Tree {
  if (typeof schema.$ref !== 'string') return schema;
  let found: unknown = load().root;
  for (const step of schema.$ref.slice(2).split('/')) found = (found as Tree)[step];
  return resolved(found as Tree);
}

/** Objects are open in the document, but a field that it does not name is a slip of the pen on one side. */
function unknownFields(from: Tree, value: unknown, path: string): string[] {
  const schema = resolved(from);
  if (Array.isArray(value) && isTree(schema.items)) {
    const { items } = schema;
    return value.flatMap((item, index) => unknownFields(items, item, `${path}/${index}`));
  }
  const { properties } = schema;
  if (!isTree(value) || !isTree(properties) || schema.oneOf !== undefined) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = properties[name];
    if (isTree(field)) return unknownFields(field, inner, `${path}/${name}`);
    return required.includes(name) ? [] : [`${path}/${name} is not in the document`];
  });
}
