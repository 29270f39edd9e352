/** What every driver must do about devices, beside the rest of the contract. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Device, DeviceUse } from '../../src/store/devices.js';
import type { Envelope } from '../../src/store/deliveries.js';
import { DEVICES_LIMIT, NETWORKS_LIMIT } from '../../src/store/rules/devices.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, envelopeTo, fails, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const HOUR_MS = 3_600_000;
const SCANNER = { name: 'scanner', networks: ['192.0.2.7', '2001:db8::/64'] } as const;
/** One goes in a frame, the other in chunks whose end comes last. */
const BODIES = [Buffer.from('Subject: scan\r\n\r\n'), Buffer.alloc(600 * 1024, '\n')];

export function describeDevices(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store of devices`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      await store.directory.addAccount(at('alice@example.org'), HASH);
    });

    afterEach(() => underTest.cleanup());

    async function only(): Promise<Device> {
      const devices = await store.devices.listDevices();
      expect(devices).to.have.length(1);
      return devices[0] as Device;
    }

    async function envelope(use: Partial<DeviceUse> = {}): Promise<Envelope> {
      const { id } = await only();
      const account = (await store.findLogin('alice@example.org'))?.id ?? -1;
      return { ...envelopeTo(account), device: { id, mended: [], ...use } };
    }

    it('keeps what it was told of each, and shows another process the same', async () => {
      const given = {
        ...{ ...SCANNER, from: 'scanner@example.org', account: at('alice@example.org') },
        ...{ rate: { messages: 100, periodMs: HOUR_MS }, maxOctets: 25_000_000, toDomains: ['a.example', 'b.example'] },
      };
      await store.devices.addDevice(given);
      const other = await underTest.connect();
      const [device] = await other.devices.listDevices();
      const { id, createdAtMs, activity, account, ...settings } = device as Device;
      expect({ ...settings, account: given.account }).to.deep.equal(given);
      expect(account?.address).to.equal('alice@example.org');
      expect(await store.stands(account?.grant as never)).to.equal(true);
      expect(createdAtMs).to.be.closeTo(Date.now(), 10_000);
      expect(activity).to.deep.include({ acceptedToday: 0, refusedToday: 0, lastMailAtMs: undefined, lastMended: [] });
      expect(await other.devices.findDevice(id)).to.deep.equal(device);
    });

    it('changes what a device was told, and keeps its id and what became of its mail', async () => {
      await store.devices.addDevice({ ...SCANNER, from: 'a@example.org', rate: { messages: 9, periodMs: HOUR_MS } });
      const before = await only();
      await deliver(store, await envelope(), BODIES[0] as Buffer);
      const given = { name: 'SCANNER', networks: ['192.0.2.8'], account: at('alice@example.org'), maxOctets: 1000 };
      await store.devices.setDevice({ ...given, without: ['from', 'rate'] });
      const after = await only();
      expect(after).to.deep.include({ id: before.id, name: 'scanner', networks: ['192.0.2.8'], maxOctets: 1000 });
      expect([after.from, after.rate, after.account?.address]).to.deep.equal([
        undefined,
        undefined,
        'alice@example.org',
      ]);
      expect(after.activity.acceptedToday).to.equal(1);
      await fails('missing', store.devices.setDevice({ ...given, name: 'nas' }), /no device nas/);
      await fails('missing', store.devices.setDevice({ ...given, account: at('nobody@example.org') }), /no account/);
    });

    it('changes what is named alone, so that two who change it at once both do', async () => {
      const rate = { messages: 9, periodMs: HOUR_MS };
      const toDomains = ['a.example'];
      await store.devices.addDevice({ ...SCANNER, account: at('alice@example.org'), maxOctets: 1000 });
      const other = await underTest.connect();
      await Promise.all([
        store.devices.setDevice({ name: 'scanner', rate }),
        other.devices.setDevice({ name: 'scanner', from: 'a@example.org', without: ['maxOctets'] }),
        store.devices.setDevice({ name: 'scanner', toDomains }),
      ]);
      const after = await only();
      expect(after).to.deep.include({ ...SCANNER, rate, toDomains, from: 'a@example.org', maxOctets: undefined });
      expect(after.account?.address).to.equal('alice@example.org');
      await store.devices.setDevice({ name: 'scanner', without: ['account'] });
      expect((await only()).account).to.equal(undefined);
    });

    it('refuses a network of another device, however it is written, and takes its own again', async () => {
      await store.devices.addDevice(SCANNER);
      const nas = { name: 'nas', networks: ['198.51.100.0/24'] };
      const taken = { ...nas, networks: ['192.0.2.9', '2001:DB8:0::77/64'] };
      await fails('refused', store.devices.addDevice(taken), /2001:DB8:0::77\/64 is that of the device scanner/);
      await store.devices.addDevice(nas);
      await fails('refused', store.devices.setDevice(taken), /is that of the device scanner already/);
      await store.devices.setDevice({ name: 'nas', networks: ['198.51.100.5/24', '2001:db8::/48'] });
      expect((await store.devices.listDevices())[1]?.networks).to.deep.equal(['198.51.100.5/24', '2001:db8::/48']);
    });

    it('refuses a name that is taken, whatever the case, an account that is not there, and more than there may be', async () => {
      await store.devices.addDevice(SCANNER);
      await fails('refused', store.devices.addDevice({ ...SCANNER, name: 'Scanner' }), /there is a device scanner/i);
      const nas = { name: 'nas', networks: ['198.51.100.7'] };
      await fails('missing', store.devices.addDevice({ ...nas, account: at('nobody@example.org') }));
      await fails('missing', store.devices.removeDevice('nas'), /no device nas/);
      for (let count = 1; count < DEVICES_LIMIT; count++)
        await store.devices.addDevice({ name: `device-${count}`, networks: [`10.0.0.${count}`] });
      await fails('refused', store.devices.addDevice(nas), /remove one first/);
      await store.devices.removeDevice('SCANNER');
      await store.devices.addDevice(nas);
    });

    it('refuses more networks of one device than it may have', async () => {
      const networks = Array.from({ length: NETWORKS_LIMIT }, (_, at) => `192.0.2.${at}`);
      await store.devices.addDevice({ ...SCANNER, networks });
      const more = [...networks, '198.51.100.0/24'];
      await fails(
        'refused',
        store.devices.addDevice({ ...SCANNER, name: 'nas', networks: more }),
        /at most 16 networks/,
      );
    });

    it('lists what all may, by the same list until something changes', async () => {
      await store.devices.addDevice({ ...SCANNER, account: at('alice@example.org') });
      const other = await underTest.connect();
      const listed = await other.devices.listedDevices();
      const { activity, createdAtMs, ...settings } = await only();
      expect(listed).to.deep.equal([settings]);
      expect(activity.acceptedToday + createdAtMs).to.be.above(0);
      await deliver(store, await envelope(), BODIES[0] as Buffer); // Counts change nothing of it.
      expect(await other.devices.listedDevices()).to.equal(listed);
      for (const change of [
        () => store.directory.setEnabled(at('alice@example.org'), false),
        () => store.devices.addDevice({ name: 'nas', networks: ['198.51.100.7'] }),
        () => store.devices.removeDevice('scanner'),
      ]) {
        const before = await other.devices.listedDevices();
        await change();
        expect(await other.devices.listedDevices(), 'after a change').not.to.equal(before);
      }
      expect((await other.devices.listedDevices()).map(({ name }) => name)).to.deep.equal(['nas']);
    });

    it('has no account of a device when the account is gone', async () => {
      await store.devices.addDevice({ ...SCANNER, account: at('alice@example.org') });
      await store.directory.setEnabled(at('alice@example.org'), false);
      expect((await only()).account?.enabled).to.equal(false);
      await store.directory.removeAccount(at('alice@example.org'));
      expect((await only()).account).to.equal(undefined);
    });

    for (const body of BODIES)
      it(`takes as many messages of ${body.length} octets as its rate allows, however many come at once`, async () => {
        await store.devices.addDevice({ ...SCANNER, rate: { messages: 3, periodMs: HOUR_MS } });
        const from = await envelope({ mended: ['date'] });
        const sent = Array.from({ length: 5 }, () => deliver(store, from, body));
        const outcomes = await Promise.all(
          sent.map((one) =>
            one.then(
              () => 'taken',
              (error: unknown) => (error as { readonly kind: string }).kind,
            ),
          ),
        );
        expect(outcomes.filter((one) => one === 'taken')).to.have.length(3);
        expect(outcomes.filter((one) => one === 'over-rate')).to.have.length(2);
        const { acceptedInPeriod, acceptedToday, lastMended, lastMailAtMs } = (await only()).activity;
        expect({ acceptedInPeriod, acceptedToday, lastMended }).to.deep.equal({
          ...{ acceptedInPeriod: 3, acceptedToday: 3, lastMended: ['date'] },
        });
        expect(lastMailAtMs).to.be.closeTo(Date.now(), 10_000);
        await eventually('octets of what was refused to go', () => underTest.storedOctets() <= 3 * body.length);
      });

    it('counts anew when the time of a rate is over', async () => {
      await store.devices.addDevice({ ...SCANNER, rate: { messages: 1, periodMs: 1 } });
      const from = await envelope();
      for (let count = 0; count < 3; count++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await deliver(store, from, BODIES[0] as Buffer);
      }
      expect((await only()).activity.acceptedToday).to.equal(3);
    });

    it('stores nothing of a device that was removed while its message came', async () => {
      await store.devices.addDevice(SCANNER);
      const from = await envelope();
      await store.devices.removeDevice('scanner');
      await fails('refused', deliver(store, from, BODIES[0] as Buffer), /removed/);
      expect(underTest.storedOctets()).to.equal(0);
    });

    it('remembers the last refusal of each, and how many there were', async () => {
      await store.devices.addDevice(SCANNER);
      const { id } = await only();
      store.devices.recordRefusal(id, '550 5.1.1 no such mailbox');
      store.devices.recordRefusal(id, `450 4.7.1 ${'x'.repeat(5000)}\u{1f600}`);
      store.devices.recordRefusal(id + 1000, 'of nobody');
      const { activity } = await eventually('the refusals', async () => {
        const device = await only();
        return device.activity.refusedToday === 2 ? device : undefined;
      });
      expect(activity.lastRefusal).to.match(/^450 4\.7\.1 x{200}/);
      expect(activity.lastRefusal?.length).to.be.below(400);
      expect(activity.lastRefusedAtMs).to.be.closeTo(Date.now(), 10_000);
    });
  });
}
