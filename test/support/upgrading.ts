/** A process of its own that opens a store on the database that it is given, and closes it: to be killed meanwhile. */
import { sqlite } from '../../src/store/sqlite/driver.js';

const [, , db = ''] = process.argv;
const store = await sqlite.open(db);
await store.close();
