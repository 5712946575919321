import { endpoints } from '../shared/contract/registry.ts';
import { bundleAside } from './product.ts';
import { type Benchmark, result } from './result.ts';

const kilobytes = (bytes: number) => bytes / 1024;

/** Bytes of minified JavaScript that Lambda loads. */
export const benchmark: Benchmark = async () => {
  const bundles = await bundleAside('bundle-size');
  const authorizer = bundles.find(({ id }) => id === 'authorizer');
  const isEndpoint = (id: string) => endpoints.some((endpoint) => endpoint.id === id);
  const [largest, next] = bundles
    .filter(({ id }) => isEndpoint(id))
    .toSorted((a, b) => b.bytes - a.bytes);
  if (!authorizer || !largest || !next) throw new Error('A bundle is missing');
  return [
    result('authorizer bundle', kilobytes(authorizer.bytes), 'KB', 64, 'minified'),
    result(
      'largest API function bundle',
      kilobytes(largest.bytes),
      'KB',
      512,
      `${largest.id}; next ${next.id} ${kilobytes(next.bytes).toFixed(1)} KB`,
    ),
  ];
};
