import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  type Listener,
  listen,
  readRequest,
  writeResponse,
} from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import { openStore, replaceFile, type Store } from '../runtime/store.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';
import { AwsError } from './aws.ts';
import type { Identities, Principal } from './iam.ts';

/** What the template says about a bucket. */
export interface BucketSpec {
  readonly name: string;
  readonly arn: string;
  /** What holds for every new object of a bucket with Object Lock. */
  readonly lock?: { readonly mode: LockMode; readonly days: number } | undefined;
}

type LockMode = 'COMPLIANCE' | 'GOVERNANCE';

/** One version of an object, or the mark that it was deleted. */
interface Version {
  readonly id: string;
  readonly key: string;
  readonly at: string;
  readonly isDeleteMarker?: true;
  readonly bytes: number;
  readonly etag: string;
  readonly sha256: string;
  readonly type: string;
  readonly lock?: { readonly mode: LockMode; readonly until: string };
}

interface State {
  /** Versions by the name of their bucket, the newest last. */
  buckets: Record<string, Version[]>;
}

const maxKeys = 1000;
const dayMs = 86_400_000;

/**
 * The part of S3 that functions use: objects are put, read, listed and deleted, each put makes a version,
 * and what Object Lock keeps from being deleted stays. Everything is in files of a folder.
 */
export class ObjectStore {
  readonly #folder: string;
  readonly #store: Store<State>;
  readonly #specs: ReadonlyMap<string, BucketSpec>;
  readonly #now: () => number;

  constructor(specs: readonly BucketSpec[], folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#store = openStore<State>(join(folder, 'versions.json'), { buckets: {} });
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#now = now;
  }

  /** Answers a request as S3 does. Throws AwsError. */
  handle(request: HttpRequest, principal: Principal): HttpResponse {
    const [, name = '', path = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(request.path) ?? [];
    const spec = this.#specs.get(name);
    if (!spec) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    const query = new URLSearchParams(request.query);
    const key = decodeURIComponent(path);
    if (key === '') {
      if (request.method !== 'GET' || query.get('list-type') !== '2') throw notImplemented();
      principal.authorize('s3:ListBucket', spec.arn);
      return this.#list(spec, query);
    }
    // `x-id` is the SDK's own word for the action.
    const unknown = [...query.keys()].find((each) => !['x-id', 'versionId'].includes(each));
    if (unknown !== undefined) throw notImplemented();
    const versionId = query.get('versionId') ?? undefined;
    const allow = (action: string) =>
      principal.authorize(`s3:${action}${versionId ? 'Version' : ''}`, `${spec.arn}/${key}`);
    switch (request.method) {
      case 'PUT':
        principal.authorize('s3:PutObject', `${spec.arn}/${key}`);
        return this.#put(spec, key, request);
      case 'GET':
      case 'HEAD':
        allow('GetObject');
        return this.#get(spec, key, versionId);
      case 'DELETE':
        allow('DeleteObject');
        return this.#delete(spec, key, versionId, request, principal);
      default:
        throw notImplemented();
    }
  }

  #versions({ name }: BucketSpec): Version[] {
    this.#store.value.buckets[name] ??= [];
    return this.#store.value.buckets[name];
  }

  #current(spec: BucketSpec, key: string): Version | undefined {
    const latest = this.#versions(spec).findLast((version) => version.key === key);
    return latest?.isDeleteMarker ? undefined : latest;
  }

  #file = ({ name }: BucketSpec, id: string) => join(this.#folder, name, id);

  #put(
    spec: BucketSpec,
    key: string,
    { headers, body, isBodyTooLarge }: HttpRequest,
  ): HttpResponse {
    if (headerOf(headers, 'content-encoding')?.includes('aws-chunked') || isBodyTooLarge)
      throw notImplemented();
    const condition = headerOf(headers, 'if-none-match');
    if (condition !== undefined && condition !== '*') throw notImplemented();
    if (condition === '*' && this.#current(spec, key))
      throw new AwsError(
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold',
        412,
      );
    const sha256 = createHash('sha256').update(body).digest('base64');
    const md5 = createHash('md5').update(body);
    const given = headerOf(headers, 'x-amz-checksum-sha256');
    if (given !== undefined && given !== sha256)
      throw new AwsError(
        'BadDigest',
        'The SHA256 you specified did not match the content received',
      );
    const isChecked =
      given !== undefined ||
      headers.some(([header]) => /^(content-md5|x-amz-checksum-\w+)$/i.test(header));
    if (spec.lock && !isChecked)
      throw new AwsError(
        'InvalidRequest',
        'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
      );
    const version: Version = {
      id: randomUUID(),
      key,
      at: new Date(this.#now()).toISOString(),
      bytes: body.length,
      etag: `"${md5.digest('hex')}"`,
      sha256,
      type: headerOf(headers, 'content-type') ?? 'application/octet-stream',
      ...(spec.lock && {
        lock: {
          mode: spec.lock.mode,
          until: new Date(this.#now() + spec.lock.days * dayMs).toISOString(),
        },
      }),
    };
    mkdirSync(join(this.#folder, spec.name), { recursive: true });
    replaceFile(this.#file(spec, version.id), body);
    this.#versions(spec).push(version);
    this.#store.save();
    return reply(200, '', headersOf(version));
  }

  #get(spec: BucketSpec, key: string, versionId: string | undefined): HttpResponse {
    const version = versionId
      ? this.#versions(spec).find((one) => one.key === key && one.id === versionId)
      : this.#current(spec, key);
    if (!version || version.isDeleteMarker)
      throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    return {
      status: 200,
      headers: [['Content-Type', version.type], ...headersOf(version)],
      body: readFileSync(this.#file(spec, version.id)),
    };
  }

  /** Without a version an object is only marked as deleted, which a lock allows. */
  #delete(
    spec: BucketSpec,
    key: string,
    versionId: string | undefined,
    { headers }: HttpRequest,
    principal: Principal,
  ): HttpResponse {
    const versions = this.#versions(spec);
    if (versionId === undefined) {
      const id = randomUUID();
      const at = new Date(this.#now()).toISOString();
      const nothing = { bytes: 0, etag: '', sha256: '', type: '' };
      versions.push({ id, key, at, isDeleteMarker: true, ...nothing });
      this.#store.save();
      return reply(204, '', [
        ['x-amz-version-id', id],
        ['x-amz-delete-marker', 'true'],
      ]);
    }
    const index = versions.findIndex((one) => one.key === key && one.id === versionId);
    const version = versions[index];
    if (!version) return reply(204, '');
    if (version.lock && Date.parse(version.lock.until) > this.#now()) {
      const bypasses = headerOf(headers, 'x-amz-bypass-governance-retention') === 'true';
      if (version.lock.mode === 'COMPLIANCE' || !bypasses)
        throw new AwsError(
          'AccessDenied',
          'Access Denied because object protected by object lock.',
          403,
        );
      principal.authorize('s3:BypassGovernanceRetention', `${spec.arn}/${key}`);
    }
    versions.splice(index, 1);
    this.#store.save();
    rmSync(this.#file(spec, version.id), { force: true });
    return reply(204, '', [['x-amz-version-id', versionId]]);
  }

  #list(spec: BucketSpec, query: URLSearchParams): HttpResponse {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const most = Math.min(Number(query.get('max-keys') ?? maxKeys), maxKeys);
    const found = [...new Set(this.#versions(spec).map(({ key }) => key))]
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort()
      .flatMap((key) => this.#current(spec, key) ?? []);
    const page = found.slice(0, most);
    const contents = page.map(
      ({ key, at, etag, bytes }) =>
        `<Contents><Key>${escapeXml(key)}</Key><LastModified>${at}</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    const next = found.length > page.length ? page.at(-1)?.key : undefined;
    return reply(
      200,
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${spec.name}</Name><Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${next !== undefined}</IsTruncated>${contents.join('')}${next === undefined ? '' : `<NextContinuationToken>${escapeXml(next)}</NextContinuationToken>`}</ListBucketResult>`,
    );
  }
}

const notImplemented = () =>
  new AwsError('NotImplemented', 'The local S3 does not know this request', 501);

const headersOf = ({ id, etag, sha256, lock }: Version): HeaderList => [
  ['ETag', etag],
  ['x-amz-version-id', id],
  ['x-amz-checksum-sha256', sha256],
  ...(lock
    ? ([
        ['x-amz-object-lock-mode', lock.mode],
        ['x-amz-object-lock-retain-until-date', lock.until],
      ] as const)
    : []),
];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const escapeXml = (text: string) =>
  text.replace(/[&<>"]/g, (character) => escapes[character] ?? '');

const reply = (status: number, xml: string, headers: HeaderList = []): HttpResponse => ({
  status,
  headers: [...(xml ? ([['Content-Type', 'application/xml']] as const) : []), ...headers],
  body: Buffer.from(xml),
});

/** Serves an object store on its own port. */
export function serveObjects(
  store: Pick<ObjectStore, 'handle'>,
  principalOf: (request: HttpRequest) => Principal,
  onError?: (error: unknown) => void,
): Promise<Listener> {
  return listen(async (message, response) => {
    const request = await readRequest(message);
    const headers: HeaderList = [['x-amz-request-id', randomUUID()]];
    const answer = (() => {
      try {
        return store.handle(request, principalOf(request));
      } catch (error) {
        const known = error instanceof AwsError;
        if (!known) onError?.(error);
        const {
          name,
          message: text,
          status,
        } = known ? error : new AwsError('InternalError', 'The local fake failed', 500);
        // S3 says AccessDenied where other services say AccessDeniedException, and with 403.
        const code = name === 'AccessDeniedException' ? 'AccessDenied' : name;
        return reply(
          code === 'AccessDenied' ? 403 : status,
          `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(text)}</Message></Error>`,
        );
      }
    })();
    writeResponse(message, response, { ...answer, headers: [...answer.headers, ...headers] });
  });
}

/** Starts the fake S3 with the buckets of the template. What it holds is in the data folder. */
export function startS3(options: {
  readonly template: Template;
  readonly dataDir: string;
  readonly identities: Identities;
  readonly onError?: (error: unknown) => void;
}): Promise<Listener> {
  const specs = options.template.ofType('AWS::S3::Bucket').map(specOf);
  return serveObjects(
    new ObjectStore(specs, join(options.dataDir, 's3')),
    ({ headers }) => options.identities.principalOf(headerOf(headers, 'authorization')),
    options.onError,
  );
}

function specOf({ ref, where, properties, attribute }: Resource): BucketSpec {
  const { ObjectLockEnabled: isEnabled, ObjectLockConfiguration: configuration } = properties;
  const rule = isRecord(configuration) && isRecord(configuration.Rule) ? configuration.Rule : {};
  const retention = isRecord(rule.DefaultRetention) ? rule.DefaultRetention : {};
  const { Mode: mode, Days: days, Years: years } = retention;
  const base = { name: ref, arn: attribute('Arn') };
  if (!isEnabled) return base;
  const isKnown = mode === 'COMPLIANCE' || mode === 'GOVERNANCE';
  const lockedDays = days === undefined ? Number(years) * 365 : Number(days);
  if (!isKnown || !(lockedDays > 0))
    throw new TemplateError(where, 'the local runner only knows locks with a default retention');
  return { ...base, lock: { mode, days: lockedDays } };
}
