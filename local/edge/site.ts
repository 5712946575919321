import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { type HttpRequest, type HttpResponse, headerOf } from '../runtime/http.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { type Template, TemplateError } from '../template/template.ts';

/** An S3 bucket as CloudFront reads it. */
export type Bucket = (request: HttpRequest) => HttpResponse;

interface StoredObject {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string | undefined;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** The buckets that the template fills, by the domain name that CloudFront knows them under. */
export function readBuckets(
  template: Template,
  assets: ReadonlyMap<string, string>,
): Map<string, Bucket> {
  return new Map(
    template.ofType('AWS::S3::Bucket').map((bucket): [string, Bucket] => {
      const objects = new Map<string, StoredObject>();
      for (const { properties, where } of template.ofType('Custom::CDKBucketDeployment')) {
        if (properties.DestinationBucketName !== bucket.ref) continue;
        const markers = listOf(properties.SourceMarkers);
        if (
          markers.some((marker) => isRecord(marker) && Object.keys(marker).length > 0) ||
          properties.DestinationBucketKeyPrefix
        ) {
          throw new TemplateError(
            where,
            'the local runner only knows deployments of whole folders to the root of a bucket',
          );
        }
        const metadata = isRecord(properties.SystemMetadata) ? properties.SystemMetadata : {};
        const cacheControl = metadata['cache-control'];
        for (const key of listOf(properties.SourceObjectKeys)) {
          const folder = assets.get(String(key).replace(/\.zip$/, ''));
          if (!folder)
            throw new TemplateError(where, `asset ${String(key)} is not in the cloud assembly`);
          load(folder, objects, cacheControl === undefined ? undefined : String(cacheControl));
        }
      }
      return [bucket.attribute('RegionalDomainName'), (request) => serve(objects, request)];
    }),
  );
}

function load(
  folder: string,
  objects: Map<string, StoredObject>,
  cacheControl: string | undefined,
): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    objects.set(relative(folder, path).split(sep).join('/'), {
      content,
      type: types[extname(path)] ?? 'application/octet-stream',
      etag: `"${createHash('md5').update(content).digest('hex')}"`,
      cacheControl,
    });
  }
}

function serve(objects: ReadonlyMap<string, StoredObject>, request: HttpRequest): HttpResponse {
  const object = objects.get(keyOf(request.path));
  if (!object) {
    // A bucket that does not let CloudFront list it says the same for what is missing as for what is forbidden.
    return {
      status: 403,
      headers: [['Content-Type', 'application/xml']],
      body: Buffer.from(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
      ),
    };
  }
  const headers = [
    ['ETag', object.etag],
    ...(object.cacheControl === undefined ? [] : [['Cache-Control', object.cacheControl] as const]),
  ] as const;
  if (
    headerOf(request.headers, 'if-none-match')
      ?.replaceAll('W/', '')
      .split(/\s*,\s*/)
      .includes(object.etag)
  ) {
    return { status: 304, headers: [...headers], body: Buffer.alloc(0) };
  }
  return {
    status: 200,
    headers: [['Content-Type', object.type], ...headers],
    body: object.content,
  };
}

function keyOf(path: string): string {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return path.slice(1);
  }
}
