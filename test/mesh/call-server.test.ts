import { expect, it, onTestFinished } from 'vitest';
import { callerByHeader, callerBySocket, CallServer, type ReadCaller } from '../../src/mesh/call-server.ts';
import { isOpen, proxyHeader, say } from './calling.ts';

/** Echoes the caller, and what it says. */
async function start(
  readCaller: ReadCaller,
): Promise<{ port: number; server: CallServer; callers: string[] }> {
  const callers: string[] = [];
  const server = new CallServer((socket, caller) => {
    callers.push(caller);
    socket.once('data', (words: Buffer) => socket.end(`${caller} said ${words.toString()}`));
  }, readCaller);
  onTestFinished(() => server.close());
  return { port: await server.listen(0, '127.0.0.1'), server, callers };
}

it('knows the caller by the other end of the connection', async () => {
  const { port } = await start(callerBySocket);
  expect(await say(port, 'hello', '127.0.0.5')).toBe('127.0.0.5 said hello');
});

it('knows the caller by the header that a proxy puts before all else, and reads no byte more', async () => {
  const { port } = await start(callerByHeader);
  expect(await say(port, `${proxyHeader('100.64.0.2')}hello`)).toBe('100.64.0.2 said hello');
  const six = 'PROXY TCP6 fd7a:115c:a1e0::2 fd7a:115c:a1e0::9 1 2\r\n';
  expect(await say(port, `${six}hello`)).toBe('fd7a:115c:a1e0::2 said hello');
});

it.each([
  ['no header', 'GET /ping HTTP/1.1\r\n\r\n'],
  ['an unknown caller', 'PROXY UNKNOWN\r\n'],
  ['no address', proxyHeader('bob')],
  ['a header without end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['a header that ends early', 'PROXY TCP4 100.64.0.2\r\n'],
])('cuts off who does not tell where he calls from: %s', async (_, words) => {
  const { port, callers } = await start(callerByHeader);
  expect([await say(port, words), callers]).toEqual(['', []]);
});

it('closes with all that is connected, once', async () => {
  const { port, server } = await start(callerByHeader);
  const waiting = say(port, 'PROXY');
  expect(await isOpen(port)).toBe(true);
  await Promise.all([server.close(), server.close()]);
  expect([await waiting, await isOpen(port)]).toEqual(['', false]);
});
