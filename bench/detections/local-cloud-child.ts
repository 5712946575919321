import { startCloud } from '../../local/cloud.ts';
import type { CloudAddress } from './local-cloud.ts';

const [dataDir = ''] = process.argv.slice(2);
const cloud = await startCloud({
  port: 0,
  dataDir,
  environment: {},
  // As `npm start` does, so that a line for each request is part of what is measured.
  onRequest: ({ method, path, status, ms }) =>
    process.stdout.write(`${status} ${method} ${path} ${Math.round(ms)} ms\n`),
});
process.once('disconnect', async () => {
  await cloud.stop();
  process.exit();
});
process.send?.({ url: cloud.url, table: cloud.table } satisfies CloudAddress);
