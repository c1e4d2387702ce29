import { expect, it } from 'vitest';
import { fetchJson } from '../../src/mesh/fetch-json.ts';
import { connect, failureOf, REQUEST, started } from './asking.ts';
import { httpAnswer, startRawServer } from './raw-server.ts';

async function fetchFrom(answer: Buffer, maxBytes = 1000): Promise<unknown> {
  const { url } = await started(startRawServer((_, socket) => void socket.end(answer)));
  const connection = connect(url);
  return fetchJson((request) => connection.send({ ...REQUEST, ...request }), '/narae.json', maxBytes);
}

it.each<[string, Buffer, unknown]>([
  ['JSON', httpAnswer('{"a":[1]}'), { a: [1] }],
  ['JSON of just the size that is allowed', httpAnswer(`"${'x'.repeat(998)}"`), 'x'.repeat(998)],
  ['longer JSON', httpAnswer(`"${'x'.repeat(999)}"`), undefined],
  ['no JSON', httpAnswer('<html>'), undefined],
  ['another status', httpAnswer('{}', [], '404 Not Found'), undefined],
  ['a redirect', httpAnswer('{}', ['Location: /elsewhere'], '302 Found'), undefined],
])('%s', async (_what, answer, want) => {
  expect(await fetchFrom(answer)).toEqual(want);
});

it.each(['429 Too Many Requests', '503 Service Unavailable'])(
  '%s is a failure that passes',
  async (status) => {
    const failure = await failureOf(fetchFrom(httpAnswer('{}', [], status)));
    expect(failure).toMatchObject({ code: 'PEER_STATUS', retryable: true });
    expect(failure.message).toBe(`HTTP ${status.slice(0, 3)} to /narae.json`);
  },
);
