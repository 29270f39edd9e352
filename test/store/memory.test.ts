/** The contract of every driver, held by a second one in which nothing answers at once: it needs neither SQLite nor that. */
import { describeStore, type StoreUnderTest } from './contract.js';
import { describeDevices } from './device-contract.js';
import { MemoryData } from './memory/data.js';
import { MemoryServer } from './memory/store.js';
import { describeAliases } from './alias-contract.js';
import { describeSearch } from './search-contract.js';
import { describeLimits } from './limits-contract.js';
import { describeImports } from './import-contract.js';
import { describeNewMail } from './new-mail-contract.js';
import { describeQueue } from './queue-contract.js';
import { describeQuotas } from './quota-contract.js';
import { describeRemovals } from './removal-contract.js';
import { describeAutoreplies } from './autoreply-contract.js';
import { describeCollectors } from './collector-contract.js';
import { describeWebSessions } from './web-session-contract.js';
import { describeRelayLogins } from './relay-login-contract.js';
import { describeRoutes } from './routes-contract.js';
import { describeViews } from './view-contract.js';

function make(keepRemovedMs = 0): Promise<StoreUnderTest> {
  let server = new MemoryServer(new MemoryData(keepRemovedMs));
  const made: StoreUnderTest = {
    connect: () => Promise.resolve(server.connect()),
    restart: () => {
      server = server.restarted();
      return Promise.resolve();
    },
    storedOctets: () => server.storedOctets,
    miscounted: () => server.miscounted,
    cleanup: () => Promise.resolve(),
  };
  return Promise.resolve(made);
}

describeStore('memory', make);
describeQuotas('memory', make);
describeImports('memory', make);
describeQueue('memory', make);
describeNewMail('memory', make);
describeRelayLogins('memory', make);
describeWebSessions('memory', make);
describeAutoreplies('memory', make);
describeCollectors('memory', make);
describeAliases('memory', make);
describeSearch('memory', make);
describeLimits('memory', make);
describeRoutes('memory', make);
describeRemovals('memory', make);
describeDevices('memory', make);
describeViews('memory', make);
