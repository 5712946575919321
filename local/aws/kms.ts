import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Listener } from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import { openStore, type Store } from '../runtime/store.ts';
import type { Template } from '../template/template.ts';
import { type AwsCall, AwsError, serveAwsJson, textMember } from './aws.ts';
import type { Identities, RequestContext } from './iam.ts';

interface Material {
  readonly id: string;
  /** 256 bits, base64. */
  readonly key: string;
  readonly created_at_ms: number;
}

interface State {
  /** Materials by the ARN of their key, the current one last. */
  keys: Record<string, Material[]>;
}

export interface KeySpec {
  readonly arn: string;
  /** How old material gets before there is new; undefined for never. */
  readonly rotationMs: number | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;
type Input = Readonly<Record<string, unknown>>;

/** The keys themselves, and what the actions of KMS do with them. */
export class Keyring {
  readonly #store: Store<State>;
  readonly #specs: readonly KeySpec[];

  constructor(specs: readonly KeySpec[], store: Store<State> = memoryStore()) {
    this.#specs = specs;
    this.#store = store;
  }

  /** ARN of the key that an input means: its own or, for Decrypt, that of its ciphertext. */
  keyOf(action: string, input: Input): string {
    if (action === 'Decrypt' && input.KeyId === undefined) return openBlob(input).arn;
    const id = textMember(input, 'KeyId', 'ValidationException');
    const spec = this.#specs.find(({ arn }) => arn === id || arn.endsWith(`:key/${id}`));
    if (!spec) throw new AwsError('NotFoundException', `Key '${id}' does not exist`);
    return spec.arn;
  }

  /** Performs an action. Throws AwsError as KMS answers it. */
  call(action: string, input: Input): Record<string, unknown> {
    const arn = this.keyOf(action, input);
    if (action === 'GenerateDataKey') return this.#generateDataKey(arn, input);
    if (action === 'Decrypt') return this.#decrypt(arn, input);
    if (action === 'DescribeKey') return this.#describe(arn);
    if (action === 'RotateKeyOnDemand') {
      this.#rotate(arn);
      return { KeyId: arn };
    }
    throw new AwsError('UnknownOperationException', `The local KMS does not know ${action}`);
  }

  #generateDataKey(arn: string, input: Input): Record<string, unknown> {
    if (input.KeySpec !== 'AES_256')
      throw new AwsError('ValidationException', 'The local KMS makes data keys of AES_256 only');
    const material = this.#current(arn);
    const plaintext = randomBytes(32);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.key, 'base64'), iv);
    cipher.setAAD(contextBytes(input));
    const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const blob = [arn, material.id, iv, encrypted, cipher.getAuthTag()].map((part) =>
      Buffer.isBuffer(part) ? part.toString('base64') : part,
    );
    return {
      KeyId: arn,
      KeyMaterialId: material.id,
      Plaintext: plaintext.toString('base64'),
      CiphertextBlob: Buffer.from(JSON.stringify(blob)).toString('base64'),
    };
  }

  #decrypt(arn: string, input: Input): Record<string, unknown> {
    const blob = openBlob(input);
    if (blob.arn !== arn)
      throw new AwsError(
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      );
    const material = this.#materials(arn).find(({ id }) => id === blob.materialId);
    if (!material) throw invalidCiphertext();
    try {
      const key = Buffer.from(material.key, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, blob.iv, { authTagLength: 16 });
      decipher.setAAD(contextBytes(input));
      decipher.setAuthTag(blob.tag);
      const plaintext = Buffer.concat([decipher.update(blob.encrypted), decipher.final()]);
      return {
        KeyId: arn,
        KeyMaterialId: material.id,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        Plaintext: plaintext.toString('base64'),
      };
    } catch {
      throw invalidCiphertext();
    }
  }

  #describe(arn: string): Record<string, unknown> {
    return {
      KeyMetadata: {
        Arn: arn,
        KeyId: arn.split('/').at(-1),
        Enabled: true,
        KeyState: 'Enabled',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        KeyManager: 'CUSTOMER',
        Origin: 'AWS_KMS',
        CurrentKeyMaterialId: this.#current(arn).id,
      },
    };
  }

  #materials(arn: string): Material[] {
    return this.#store.value.keys[arn] ?? [];
  }

  #current(arn: string): Material {
    const current = this.#materials(arn).at(-1);
    const rotationMs = this.#specs.find((spec) => spec.arn === arn)?.rotationMs ?? Infinity;
    const isFresh = current && Date.now() - current.created_at_ms < rotationMs;
    return isFresh ? current : this.#rotate(arn);
  }

  #rotate(arn: string): Material {
    const material: Material = {
      id: randomBytes(32).toString('hex'),
      key: randomBytes(32).toString('base64'),
      created_at_ms: Date.now(),
    };
    this.#store.value.keys[arn] = [...this.#materials(arn), material];
    this.#store.save();
    return material;
  }
}

const memoryStore = (): Store<State> => ({ value: { keys: {} }, save: () => {} });

const invalidCiphertext = () =>
  new AwsError(
    'InvalidCiphertextException',
    'The ciphertext or its encryption context is not valid.',
  );

function openBlob(input: Input) {
  const text = textMember(input, 'CiphertextBlob', 'ValidationException');
  try {
    const [arn, materialId, iv, encrypted, tag] = JSON.parse(
      Buffer.from(text, 'base64').toString(),
    ) as string[];
    if (!arn || !materialId || !iv || !encrypted || !tag) throw new TypeError('A part is missing');
    const bytes = (part: string) => Buffer.from(part, 'base64');
    return { arn, materialId, iv: bytes(iv), encrypted: bytes(encrypted), tag: bytes(tag) };
  } catch {
    throw invalidCiphertext();
  }
}

function contextOf(input: Input): [name: string, value: string][] {
  const context = isRecord(input.EncryptionContext) ? input.EncryptionContext : {};
  return Object.entries(context)
    .map(([name, value]): [string, string] => [name, String(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const contextBytes = (input: Input) => Buffer.from(JSON.stringify(contextOf(input)));

/** What a policy may ask about the encryption context of a request. */
function conditionsOf(input: Input): RequestContext {
  const context = contextOf(input);
  if (context.length === 0) return {};
  return {
    'kms:EncryptionContextKeys': context.map(([name]) => name),
    ...Object.fromEntries(
      context.map(([name, value]) => [`kms:EncryptionContext:${name}`, [value]]),
    ),
  };
}

/** Starts the fake AWS KMS with the keys of the template. It speaks `TrentService`. */
export function startKms(options: {
  readonly template: Template;
  readonly dataDir: string;
  readonly identities: Identities;
  readonly onError?: (error: unknown) => void;
}): Promise<Listener> {
  const specs = options.template.ofType('AWS::KMS::Key').map((key): KeySpec => {
    const { EnableKeyRotation: isRotating, RotationPeriodInDays: days = 365 } = key.properties;
    return { arn: key.attribute('Arn'), rotationMs: isRotating ? Number(days) * dayMs : undefined };
  });
  const store = openStore<State>(join(options.dataDir, 'kms.json'), { keys: {} });
  const keyring = new Keyring(specs, store);
  return serveAwsJson({
    target: 'TrentService',
    version: '1.1',
    identities: options.identities,
    handle: async ({ principal, action, input }: AwsCall) => {
      principal.authorize(`kms:${action}`, keyring.keyOf(action, input), conditionsOf(input));
      return keyring.call(action, input);
    },
    ...(options.onError && { onError: options.onError }),
  });
}
