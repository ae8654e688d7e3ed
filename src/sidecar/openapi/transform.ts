/** Brings what a route says beside its schemas, who may use it above all, into its operation. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { rolesWith } from '../callers/caller.ts';
import type { Access } from '../context.ts';
import { completed } from './complete.ts';
import type { OpenApiDocument } from './document-types.ts';

type Options = Required<FastifyDynamicSwaggerOptions>;

const fromZod = createJsonSchemaTransform({});

export const transform: Options['transform'] = (given) => {
  const made = fromZod(given);
  const access = given.route.config?.access;
  if (access === undefined || made.schema?.hide) return made;
  const description = [made.schema?.description, permissionText(access)].filter(Boolean).join('\n\n');
  return {
    ...made,
    schema: {
      ...made.schema,
      ...(description !== '' && { description }),
      ...(access === 'public' && { security: made.schema?.security ?? [] }),
    },
  };
};

export const transformObject: Options['transformObject'] = (given) => {
  const made = jsonSchemaTransformObject(given) as unknown as OpenApiDocument;
  return completed(made) as unknown as ReturnType<Options['transformObject']>;
};

function permissionText(access: Access): string | undefined {
  if (access === 'public') return undefined;
  return `Permission: \`${access.permission}\` (role ${rolesWith(access.permission).join(', ')}).`;
}
