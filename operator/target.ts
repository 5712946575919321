import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { parseStage } from '../infra/stage.ts';
import { exitCodes, Stop } from './stop.ts';

/** Where commands work: a deployed stage, or the local run of a data folder. */
export interface Target {
  readonly stage: string;
  readonly lambda: () => LambdaClient;
  readonly sqs: () => SQSClient;
}

/** What a local run writes about itself into its data folder. */
const LocalEndpoints = z.looseObject({ lambda: z.url(), sqs: z.url() });

/** The deployed stage with the credentials of the environment; without one, the run of `DATA_DIR`. */
export function targetOf(stage: string | undefined): Target {
  if (stage === undefined) return localTarget(process.env.DATA_DIR ?? '.local');
  try {
    return {
      stage: parseStage(stage),
      lambda: () => new LambdaClient({}),
      sqs: () => new SQSClient({}),
    };
  } catch (error) {
    throw new Stop(error instanceof Error ? error.message : String(error), exitCodes.misused);
  }
}

/** The local run whose data folder is given. Throws a `Stop` if there is none. */
export function localTarget(dataDir: string): Target {
  try {
    const file = readFileSync(join(dataDir, 'endpoints.json'), 'utf8');
    const { lambda, sqs } = LocalEndpoints.parse(JSON.parse(file));
    const region = 'us-east-1';
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return {
      stage: 'local',
      lambda: () => new LambdaClient({ endpoint: lambda, region, credentials }),
      sqs: () => new SQSClient({ endpoint: sqs, region, credentials }),
    };
  } catch (error) {
    throw new Stop(
      `No local run in ${dataDir}: start one with npm start, or name a deployed stage: --stage dev`,
      exitCodes.misused,
      { cause: error },
    );
  }
}
