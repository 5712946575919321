import { startCloud } from '../../local/cloud.ts';

/** Runs the mini cloud as a process of its own, for tests that end it without asking. */
const [assembly = '', dataDir = ''] = process.argv.slice(2);
const cloud = await startCloud({ port: 0, environment: {}, assembly, dataDir });
console.log(JSON.stringify({ url: cloud.url, table: cloud.table.guardedEndpoint }));
