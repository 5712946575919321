import * as z from 'zod/mini';
import { defineEndpoint } from '../contract/endpoint.ts';
import { Timestamp } from '../contract/schemas.ts';
import { verificationKeysSecret } from '../identity/secrets.ts';
import { limitPartition } from '../limits/keys.ts';

const service = { tag: 'service', method: 'GET', access: { kind: 'public' } } as const;

export const root = defineEndpoint({
  ...service,
  id: 'service/root',
  paths: ['/'],
  summary: 'What this service is',
  description: 'A browser gets the web app here.',
  responses: {
    200: {
      description: 'The service',
      schema: z.strictObject({
        name: z.literal('Tenantry'),
        version: z.string(),
        status: z.literal('operational'),
        docs: z.literal('/docs'),
      }),
    },
  },
});

export const docs = defineEndpoint({
  ...service,
  id: 'service/docs',
  paths: ['/docs'],
  summary: 'This API, to read and try in a browser',
  responses: { 200: { description: 'Swagger UI', type: 'text/html' } },
});

export const openapi = defineEndpoint({
  ...service,
  id: 'service/openapi',
  paths: ['/openapi.json'],
  summary: 'This API as an OpenAPI 3.1 document',
  responses: {
    200: { description: 'The document', schema: z.looseObject({ openapi: z.literal('3.1.0') }) },
  },
});

export const jwks = defineEndpoint({
  ...service,
  id: 'service/jwks',
  paths: ['/.well-known/jwks.json'],
  summary: 'The keys that access tokens are verified with',
  responses: {
    200: {
      description: 'A JSON Web Key Set (RFC 7517)',
      schema: z.strictObject({
        keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })),
      }),
    },
  },
  secrets: [verificationKeysSecret],
});

export const health = defineEndpoint({
  ...service,
  id: 'health/get',
  paths: ['/api/v1/health/', '/health/'],
  summary: 'The service answers',
  responses: {
    200: {
      description: 'Healthy',
      schema: z.strictObject({
        status: z.literal('healthy'),
        timestamp: Timestamp,
        service: z.literal('tenantry'),
      }),
    },
  },
});

export const live = defineEndpoint({
  ...service,
  id: 'health/live',
  paths: ['/api/v1/health/live', '/health/live'],
  summary: 'The process is alive',
  responses: {
    200: {
      description: 'Alive',
      schema: z.strictObject({ status: z.literal('alive'), timestamp: Timestamp }),
    },
  },
});

const Readiness = z.strictObject({
  status: z.enum(['healthy', 'unhealthy']),
  timestamp: Timestamp,
  checks: z.record(
    z.string(),
    z.strictObject({ status: z.enum(['healthy', 'unhealthy']), response_time_ms: z.number() }),
  ),
});

export const ready = defineEndpoint({
  ...service,
  id: 'health/ready',
  paths: ['/api/v1/health/ready', '/health/ready'],
  summary: 'What the service depends on answers',
  responses: {
    200: { description: 'Ready', schema: Readiness },
    503: { description: 'A dependency does not answer', schema: Readiness },
  },
  table: [[limitPartition, ['GetItem']]],
  secrets: [verificationKeysSecret],
});
