import { expect, it, onTestFinished, vi } from 'vitest';
import { callerByHeader, CallServer } from '../../src/mesh/call-server.ts';
import { Introducer } from '../../src/mesh/introducer.ts';
import type { Membership } from '../../src/mesh/membership.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { proxyHeader, say } from './calling.ts';

const ALICE = makeIdentity('alice \u2028 "', new Prng('alice'));
const REQUESTER = { name: ALICE.name, keypair: ALICE };
const [BOB, CAROL] = ['100.64.0.2', '100.64.0.3'] as const;
const PING = 'GET /ping HTTP/1.1\r\nhost: x\r\n\r\n';
const nobody = (): void => undefined;

/** A door on loopback; `log` says what happened to it. */
function makeDoor() {
  const log: string[] = [];
  let at = 0;
  const receive: Membership['receive'] = async (onCall, port) => {
    log.push(`open ${port}`);
    const server = new CallServer(onCall, callerByHeader);
    at = await server.listen(0, '127.0.0.1');
    return async () => {
      log.push('close');
      await server.close();
    };
  };
  return {
    log,
    membership: { receive },
    call: (caller: string, words = PING) => say(at, proxyHeader(caller) + words),
  };
}

it('answers /ping in our name to the peer that is being introduced, and tells that it did', async () => {
  const door = makeDoor();
  const introducer = new Introducer(door.membership, REQUESTER);
  const told = vi.fn();
  const before = BigInt(Date.now()) * 1_000_000n;
  await introducer.during(
    BOB,
    async () => {
      const [head, body] = (await door.call(BOB)).split('\r\n\r\n') as [string, string];
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(JSON.parse(body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '').split('\r\n')[0]!)).toMatchObject({
        from: ALICE.name,
        public_key: ALICE.publicKey,
        mesh_ip: '',
      });
      const [, ns] = /"t":(\d{19})}\n/.exec(body)!;
      expect(BigInt(ns!)).toBeGreaterThanOrEqual(before);
    },
    told,
  );
  expect(told).toHaveBeenCalledTimes(1);
  expect(door.log).toEqual(['open 7433', 'close']);
});

it('answers nothing else, and nobody else', async () => {
  const door = makeDoor();
  const introducer = new Introducer(door.membership, REQUESTER);
  const told = vi.fn();
  await introducer.during(
    BOB,
    async () => {
      expect(await door.call(CAROL)).toBe('');
      for (const line of ['GET /', 'POST /ping', 'GET /events/sync', 'GET /ping?x=1']) {
        const answer = await door.call(BOB, `${line} HTTP/1.1\r\nhost: x\r\n\r\n`);
        expect(answer).toMatch(/^HTTP\/1\.1 404 /);
        expect(answer).not.toContain(ALICE.publicKey);
      }
    },
    told,
  );
  expect(told).not.toHaveBeenCalled();
});

it('is open once for all who are introduced at the same time, to each while it lasts', async () => {
  const door = makeDoor();
  const introducer = new Introducer(door.membership, REQUESTER);
  let finishBob = nobody;
  const bob = introducer.during(BOB, () => new Promise<void>((resolve) => (finishBob = resolve)), nobody);
  await introducer.during(
    CAROL,
    async () => {
      expect(await door.call(BOB)).toContain(ALICE.publicKey);
      expect(await door.call(CAROL)).toContain(ALICE.publicKey);
    },
    nobody,
  );
  expect(door.log).toEqual(['open 7433']);
  expect(await door.call(BOB)).toContain(ALICE.publicKey);
  expect(await door.call(CAROL)).toBe('');
  finishBob();
  await bob;
  expect(door.log).toEqual(['open 7433', 'close']);
  expect(await introducer.during(BOB, () => Promise.resolve('again'), nobody)).toBe('again');
  expect(door.log).toEqual(['open 7433', 'close', 'open 7433', 'close']);
});

it('does not stay open for longer than two looks around, whatever the peer does', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const door = makeDoor();
  const introducer = new Introducer(door.membership, REQUESTER);
  let finish = nobody;
  const opened = new Promise<void>((resolve) => {
    void introducer.during(
      BOB,
      () => {
        resolve();
        return new Promise<void>((end) => (finish = end));
      },
      nobody,
    );
  });
  await opened;
  await vi.advanceTimersByTimeAsync(99_000);
  expect(door.log).toEqual(['open 7433']);
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.waitUntil(() => door.log.length === 2);
  expect(door.log).toEqual(['open 7433', 'close']);
  finish();
});

it('closes after a failure, and a door that does not open stops nobody for ever', async () => {
  const door = makeDoor();
  const introducer = new Introducer(door.membership, REQUESTER);
  await expect(introducer.during(BOB, () => Promise.reject(new Error('no')), nobody)).rejects.toThrow('no');
  expect(door.log).toEqual(['open 7433', 'close']);
  let isBroken = true;
  const receive: Membership['receive'] = (onCall, port) =>
    isBroken ? Promise.reject(new Error('stuck')) : door.membership.receive(onCall, port);
  const unlucky = new Introducer({ receive }, REQUESTER);
  await expect(unlucky.during(BOB, () => Promise.resolve('never'), nobody)).rejects.toThrow('stuck');
  isBroken = false;
  expect(await unlucky.during(BOB, () => Promise.resolve('now'), nobody)).toBe('now');
});
