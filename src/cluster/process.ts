/** What the supervisor starts: a worker or the store, by the first argument. */
import { runStore } from './store-process.js';
import { runWorker } from './worker.js';

if (process.argv[2] === 'store') runStore();
else runWorker();
