import { startInMemory } from '../../local/dynamodb/embedded.ts';

/** Starts the database of a test in a process of its own, which is then killed. */
const { url } = await startInMemory();
console.log(url);
