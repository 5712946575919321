import * as z from 'zod/mini';
import { apiKeyIds } from '../api-keys/ids.ts';
import { userIds } from '../identity/ids.ts';
import { tenantIds } from '../tenants/ids.ts';
import type { IdKind } from './ids.ts';

export const idOf = ({ prefix }: IdKind) =>
  z
    .string()
    .check(z.regex(new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`), 'is not an id of this kind'));

const integerText = /^-?\d{1,15}(\.\d{1,15})?$/;
/** As JSON and all languages write a number: `0.2524816765956895` and `1e-7` too. */
const numberText = /^-?\d{1,15}(\.\d{1,25})?([eE][+-]?\d{1,3})?$/;

/** A number in a query string; an empty value is none. */
export function queryNumber(
  minimum: number,
  maximum: number,
  type: 'number' | 'integer' = 'number',
) {
  const range = type === 'integer' ? z.int() : z.number();
  return z
    .pipe(
      z.pipe(
        z.string().check(z.regex(type === 'integer' ? integerText : numberText, 'is not a number')),
        z.transform(Number),
      ),
      range.check(z.minimum(minimum), z.maximum(maximum)),
    )
    .register(z.globalRegistry, {
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type, minimum, maximum });
      },
    });
}

/** A position in a list, sealed; see `shared/runtime/cursors.ts`. */
export const Cursor = z.string().check(z.minLength(1), z.maxLength(2048));

/** The query parameters of a list that comes in pages of at most `most`. */
export const pageQuery = (most: number) => ({
  limit: z._default(queryNumber(1, most, 'integer'), 50),
  cursor: z.optional(Cursor),
});

/** A page of a list. `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodMiniType>(item: T) =>
  z.strictObject({ items: z.array(item), next_cursor: z.nullable(z.string()) });

export const TenantId = idOf(tenantIds).register(z.globalRegistry, {
  id: 'TenantId',
  example: 'tnt_01JD0000000000000000000000',
});
export const UserId = idOf(userIds);
export const ApiKeyId = idOf(apiKeyIds);
export const maxUrl = 2048;

export const Timestamp = z.iso
  .datetime({ offset: false, precision: 3 })
  .register(z.globalRegistry, {
    id: 'Timestamp',
    description: 'RFC 3339, UTC',
    example: '2026-11-20T12:00:00.000Z',
  });

const email =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * An email address: ASCII, at most 254 characters, compared in lower case. Dots and plus tags are
 * kept: `a.b@x` and `ab@x` are two people. Spaces around it are dropped. Only A to Z are folded:
 * toLowerCase makes an ASCII k of a Kelvin sign.
 */
export const Email = z.pipe(
  z.pipe(
    // Before any pattern runs over the text: spaces around an address are few.
    z.string().check(z.maxLength(320, 'is longer than 254 characters')),
    z.transform((value) =>
      value.replace(/^ +| +$/g, '').replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()),
    ),
  ),
  z.string().check(
    z.maxLength(254, 'is longer than 254 characters'),
    z.regex(email, 'is not an email address'),
    z.refine((value) => !/^\.|\.\.|\.@/.test(value), 'is not an email address'),
  ),
);

const wellFormed = (value: string) => value.isWellFormed();

/** A password given at sign-in: any well-formed text. The rules for new ones are stricter. */
export const OfferedPassword = z
  .string()
  .check(
    z.minLength(1, 'is empty'),
    z.maxLength(1024, 'is longer than 1024 characters'),
    z.refine(wellFormed, 'is not well-formed Unicode'),
  );

/** A new password: at least 8 code points, at most 1024 UTF-16 units, never cut. */
export const NewPassword = OfferedPassword.check(
  z.refine((value) => [...value.normalize('NFC')].length >= 8, 'has fewer than 8 characters'),
);

export const CompanyName = z.string().check(
  z.trim(),
  z.minLength(2, 'has fewer than 2 characters'),
  z.maxLength(255, 'is longer than 255 characters'),
  z.refine(wellFormed, 'is not well-formed Unicode'),
  z.refine((value) => !/\p{Cc}/u.test(value), 'has control characters'),
);

export const TenantStatus = z.enum(['PENDING_PROFILE', 'ACTIVE', 'SUSPENDED']);
export const SubscriptionPlan = z.enum(['FREE', 'STARTER', 'PRO', 'ENTERPRISE']);

export const TokenResponse = z
  .strictObject({
    access_token: z.string(),
    refresh_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.literal(900),
  })
  .register(z.globalRegistry, { id: 'TokenResponse' });

export const ProblemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.optional(
      z.array(
        z.strictObject({
          in: z.enum(['body', 'query', 'path']),
          pointer: z.string(),
          detail: z.string(),
        }),
      ),
    ),
  })
  .register(z.globalRegistry, {
    id: 'Problem',
    description: 'RFC 9457 problem details',
    example: {
      type: 'urn:tenantry:problem:validation_failed',
      title: 'Validation failed',
      status: 422,
      detail: 'The request does not have the shape that this endpoint expects; see errors.',
      code: 'validation_failed',
      request_id: '6f1c2f0e-2f43-4f0e-9d55-0d8f3f1f5a11',
      errors: [{ in: 'body', pointer: '/email', detail: 'is not an email address' }],
    },
  });

/** Names, each once. */
export const uniqueList = <T extends z.ZodMiniType<string>>(name: T, max: number) =>
  z
    .array(name)
    .check(
      z.minLength(1),
      z.maxLength(max),
      z.refine((names) => new Set(names).size === names.length, 'names one twice'),
    )
    .register(z.globalRegistry, { uniqueItems: true });
