import type { Operation } from './definition.ts';

/** A path of the API with its methods, found for a request. */
export interface Route {
  readonly operation: Operation;
  /** Decoded; null without any, as in events. */
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

/** The path has a percent sign that does not start an encoded character. */
export class MalformedPathError extends Error {}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: { readonly name: string; readonly node: Node } | undefined;
  greedy: { readonly name: string; readonly node: Node } | undefined;
  readonly operations: Map<string, Operation>;
}

const emptyNode = (): Node => ({
  literals: new Map(),
  parameter: undefined,
  greedy: undefined,
  operations: new Map(),
});

/** Finds the operation of a request: an exact segment beats `{param}`, which beats `{proxy+}`. */
export class Routes {
  readonly #root = emptyNode();

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      let node = this.#root;
      for (const segment of segmentsOf(operation.resourcePath)) node = child(node, segment);
      node.operations.set(operation.method, operation);
    }
  }

  /** Undefined for a path or method that the API does not have. Throws MalformedPathError. */
  find(method: string, path: string): Route | undefined {
    const found = walk(this.#root, segmentsOf(path), []);
    const operation = found?.node.operations.get(method) ?? found?.node.operations.get('ANY');
    if (!found || !operation) return undefined;
    const parameters = found.parameters.map(([name, value]) => [name, decode(value)] as const);
    return { operation, pathParameters: parameters.length ? Object.fromEntries(parameters) : null };
  }
}

function segmentsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function child(node: Node, segment: string): Node {
  const name = /^\{(.+)\}$/.exec(segment)?.[1];
  if (name?.endsWith('+')) {
    node.greedy ??= { name: name.slice(0, -1), node: emptyNode() };
    return node.greedy.node;
  }
  if (name !== undefined) {
    node.parameter ??= { name, node: emptyNode() };
    return node.parameter.node;
  }
  const next = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, next);
  return next;
}

type Parameters = readonly (readonly [name: string, value: string])[];

function walk(
  node: Node,
  segments: readonly string[],
  parameters: Parameters,
): { node: Node; parameters: Parameters } | undefined {
  const [segment, ...rest] = segments;
  if (segment === undefined) return node.operations.size > 0 ? { node, parameters } : undefined;
  if (segment !== '') {
    const literal = node.literals.get(segment);
    const exact = literal && walk(literal, rest, parameters);
    if (exact) return exact;
    const byParameter =
      node.parameter &&
      walk(node.parameter.node, rest, [...parameters, [node.parameter.name, segment]]);
    if (byParameter) return byParameter;
  }
  return (
    node.greedy && {
      node: node.greedy.node,
      parameters: [...parameters, [node.greedy.name, segments.join('/')]],
    }
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new MalformedPathError();
  }
}
