import * as z from 'zod/mini';

/** One change of a value that its schema refuses, and where it says so. */
export interface Mutation {
  readonly name: string;
  /** A copy of the value with the change. */
  readonly value: unknown;
  /** A JSON pointer, as problems have it. */
  readonly pointer: string;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

const wrong: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  number: 7.5,
  string: '',
  array: [],
  object: { $ne: '' },
};

/** The schema of what clients send, as JSON Schema. */
export const inputSchema = (schema: z.ZodMiniType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** Whether an object refuses members that it does not know. */
export const isStrict = (schema: z.ZodMiniType): boolean =>
  inputSchema(schema).additionalProperties === false;

/** The members that an object may have. */
export const membersOf = (schema: z.ZodMiniType): string[] =>
  Object.keys(inputSchema(schema).properties ?? {});

/**
 * Every way to spoil a body that its schema names: a required member missing, an unknown member, a
 * member of each other type, and one beyond each bound; in members of members too.
 */
export function bodyMutations(schema: z.ZodMiniType, body: unknown): Mutation[] {
  const root = inputSchema(schema);
  return mutationsAt(root, root, body, '', (value) => value);
}

/** Every way to spoil parameters that their schema names; their values are texts. */
export function parameterMutations(schema: z.ZodMiniType, given: object): Mutation[] {
  const { properties = {}, additionalProperties } = inputSchema(schema);
  const unknown = additionalProperties === false ? [['unknown', 'x']] : [];
  const spoiled = Object.entries(properties).flatMap(([name, property]) =>
    spoiledTexts(property as JsonSchema).map((text) => [name, text]),
  );
  return [...unknown, ...spoiled].map(([name = '', text = '']) => ({
    name: `${name}=${text.slice(0, 30)}`,
    value: { ...given, [name]: text },
    pointer: `/${name}`,
  }));
}

function spoiledTexts({ type, minimum, maximum, maxLength, enum: names, format }: JsonSchema) {
  return [
    ...(type === 'integer' || type === 'number' ? ['x', '1e1', '0x1', 'NaN', ''] : []),
    ...(type === 'integer' ? ['1.5'] : []),
    ...(minimum === undefined ? [] : [String(minimum - 1)]),
    ...(maximum === undefined ? [] : [String(maximum + 1)]),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
    ...(names ? ['no-such-value'] : []),
    ...(format ? ['x'] : []),
  ];
}

function mutationsAt(
  schema: JsonSchema,
  root: JsonSchema,
  value: unknown,
  pointer: string,
  put: (changed: unknown) => unknown,
): Mutation[] {
  const alternatives = alternativesOf(schema, root);
  const types = alternatives.flatMap((one) => typesOf(one));
  const change = (name: string, changed: unknown, at = pointer): Mutation => ({
    name: `${pointer || 'the body'} ${name}`,
    value: put(changed),
    pointer: at,
  });
  const found = Object.entries(wrong)
    .filter(([type]) => types.length > 0 && !types.includes(type))
    .map(([type, other]) => change(`as ${type}`, other));
  if (alternatives.length !== 1) return found;
  const [only = {}] = alternatives;
  return [
    ...found,
    ...beyondBounds(only, value).map(([name, changed]) => change(name, changed)),
    ...(types.includes('object') ? inObject(only, root, value, pointer, put) : []),
    ...(Array.isArray(value) && value.length > 0 && typeof only.items === 'object'
      ? mutationsAt(only.items as JsonSchema, root, value[0], `${pointer}/0`, (changed) =>
          put([changed, ...value.slice(1)]),
        )
      : []),
  ];
}

function inObject(
  schema: JsonSchema,
  root: JsonSchema,
  value: unknown,
  pointer: string,
  put: (changed: unknown) => unknown,
): Mutation[] {
  const { properties = {}, required = [], additionalProperties } = schema;
  const members = typeof value === 'object' && value !== null ? value : {};
  const without = (name: string) =>
    Object.fromEntries(Object.entries(members).filter(([key]) => key !== name));
  return [
    ...required.map((name) => ({
      name: `${pointer}/${name} missing`,
      value: put(without(name)),
      pointer: `${pointer}/${name}`,
    })),
    ...(additionalProperties === false
      ? [
          {
            name: `${pointer}/unknown`,
            value: put({ ...members, unknown: 'x' }),
            pointer: `${pointer}/unknown`,
          },
        ]
      : []),
    ...Object.entries(properties).flatMap(([name, property]) =>
      mutationsAt(
        property as JsonSchema,
        root,
        (members as Record<string, unknown>)[name],
        `${pointer}/${name}`,
        (changed) => put({ ...members, [name]: changed }),
      ),
    ),
  ];
}

/** Values beyond the bounds of a schema. */
function beyondBounds(schema: JsonSchema, value: unknown): [string, unknown][] {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems } = schema;
  const [first] = Array.isArray(value) ? value : [];
  return [
    ...(minLength ? [['too short', 'x'.repeat(minLength - 1)] as [string, unknown]] : []),
    ...(maxLength === undefined
      ? []
      : [['too long', 'x'.repeat(maxLength + 1)] as [string, unknown]]),
    ...(minimum === undefined ? [] : [['too small', minimum - 1] as [string, unknown]]),
    ...(maximum === undefined ? [] : [['too large', maximum + 1] as [string, unknown]]),
    ...(minItems ? [['of too few', []] as [string, unknown]] : []),
    ...(maxItems === undefined || first === undefined
      ? []
      : [['of too many', Array(maxItems + 1).fill(first)] as [string, unknown]]),
  ];
}

/** The alternatives of a schema, with references followed. */
function alternativesOf(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  const { $ref, anyOf, oneOf } = schema;
  if ($ref?.startsWith('#/$defs/')) {
    const target = root.$defs?.[$ref.slice('#/$defs/'.length)];
    return target ? alternativesOf(target as JsonSchema, root) : [];
  }
  const several = anyOf ?? oneOf;
  return several ? several.flatMap((one) => alternativesOf(one as JsonSchema, root)) : [schema];
}

/** The JSON types that a schema takes; none where it does not say. */
function typesOf({ type, const: constant, enum: names }: JsonSchema): string[] {
  if (typeof type === 'string') return type === 'integer' ? ['number'] : [type];
  if (constant !== undefined || names) return ['string'];
  return [];
}
