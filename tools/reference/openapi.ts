import { ERROR_CODES } from '../../packages/protocol/src/index.ts';
import { ErrorFrame, ROUTES, type Route } from '../../packages/protocol/src/schema/index.ts';
import { type Json, type JsonObject, plainSchema } from './json-schema.ts';

/** The REST surface as OpenAPI 3.1, from the table the server validates with. */
export function openApi(version: string): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method.toLowerCase()] = operation(name, route);
  }
  const { type: _, ref: __, ...errorMembers } = plainSchema(ErrorFrame)['properties'] as JsonObject;
  return {
    openapi: '3.1.0',
    info: { title: 'Konferenco REST', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: 'http://localhost:8080' }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: {
        Error: {
          type: 'object',
          required: ['code', 'error', 'message'],
          properties: errorMembers,
          description: `Names: ${Object.keys(ERROR_CODES).join(', ')}.`,
        },
      },
    },
  };
}

function operation(name: string, route: Route): Json {
  return {
    operationId: name,
    summary: route.summary,
    security: route.auth === 'none' ? [] : [{ token: [] }],
    parameters: [...pathParameters(route.path), ...queryParameters(route)],
    ...requestBody(route),
    responses: {
      '200': { description: 'Done.', content: { 'application/json': { schema: plainSchema(route.response) } } },
      default: {
        description: 'Refused.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function requestBody({ body, bytes }: Route): JsonObject {
  if (body) return { requestBody: { required: true, content: { 'application/json': { schema: plainSchema(body) } } } };
  if (bytes === undefined) return {};
  const schema = { type: 'string', format: 'binary', maxLength: bytes };
  return { requestBody: { required: true, content: { 'application/octet-stream': { schema } } } };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route): Json[] {
  if (!route.query) return [];
  const { properties, required } = plainSchema(route.query) as { properties?: JsonObject; required?: readonly Json[] };
  return Object.entries(properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required?.includes(name) ?? false,
    schema,
  }));
}
