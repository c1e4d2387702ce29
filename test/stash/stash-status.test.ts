import fc from 'fast-check';
import { expect, test } from 'vitest';
import { throughGoMap } from '../../src/sandbox/go-map.ts';
import { confidantsText } from '../../src/stash/confidants.ts';
import { parseStashStatus } from '../../src/stash/stash-status.ts';
import { jsonText } from '../property/json-oracle.ts';

const status = (mine: string, more = ''): string =>
  `{"has_stash":true,"my_stash":${mine},"confidants":[]${more}}\n`;
const read = (text: string | Buffer) => parseStashStatus(Buffer.from(text));

test('the document is the very bytes', () => {
  const document = '{ "z":1.50,\n"a":9007199254740993 , "my_stash":{"data":{}}}';
  const found = read(status(`{"timestamp":7,"data":  ${document}  }`));
  expect(found?.stash?.timestamp).toBe(7);
  expect(found?.stash?.document.toString()).toBe(document);
});

test('any document, in any order of keys', () => {
  fc.assert(
    fc.property(jsonText, fc.boolean(), fc.boolean(), (text, isDataFirst, isMineFirst) => {
      fc.pre(text !== 'null');
      const [data, time] = [`"data":${text}`, '"timestamp":1769000000'];
      const mine = `"my_stash":{${isDataFirst ? `${data},${time}` : `${time},${data}`}}`;
      const rest = '"has_stash":true,"metrics":{"a":[1]},"target_count":3';
      const found = read(`{${isMineFirst ? `${mine},${rest}` : `${rest},${mine}`}}`);
      expect(found?.stash?.document.toString()).toBe(text);
    }),
  );
});

test('a copy: the memory of an answer is used again', () => {
  const body = Buffer.from(status('{"timestamp":7,"data":{"a":1}}'));
  const found = parseStashStatus(body);
  body.fill(0);
  expect(found?.stash?.document.toString()).toBe('{"a":1}');
});

test('confidants, as far as they are told', () => {
  const confidants =
    '[{"id":"b","name":"bob","online":true},{"id":"c","online":false},{"name":3,"online":"x"},7]';
  expect(read(`{"has_stash":false,"my_stash":null,"confidants":${confidants}}`)).toEqual({
    stash: undefined,
    confidants: [
      { name: 'bob', isOnline: true },
      { name: 'c', isOnline: false },
      { name: '', isOnline: undefined },
    ],
  });
});

test('they are counted in one way, those apart of whom it does not tell', () => {
  const told = (...online: (boolean | undefined)[]): string =>
    confidantsText(online.map((isOnline) => ({ name: 'b', isOnline })));
  expect([told(), told(true), told(true, false), told(false, undefined)]).toEqual([
    'no confidants',
    '1 confidant, 1 of them online',
    '2 confidants, 1 of them online',
    '2 confidants, 0 of them online (of 1 it does not say)',
  ]);
});

test.each(['null', '{"timestamp":7,"data":null}'])('no stash: %s', (mine) => {
  for (const confidants of ['', ',"more":1'])
    expect(read(status(mine, confidants))).toEqual({ stash: undefined, confidants: [] });
  expect(read('{"has_stash":true,"my_stash":null,"confidants":null}')).toEqual({
    stash: undefined,
    confidants: [],
  });
});

test.each([
  '',
  'null',
  '[]',
  '{}',
  '<html></html>',
  '{"my_stash":null}',
  '{"has_stash":true}',
  status('7'),
  status('[]'),
  status('{}'),
  status('{"timestamp":7}'),
  status('{"data":{}}'),
  status('{"timestamp":"7x","data":{}}'),
  status('{"timestamp":1.5,"data":{}}'),
  status('{"timestamp":1e300,"data":{}}'),
  status('{"timestamp":7,"data":{},"data":{"a":1}}'),
  status('null', ',"my_stash":null'),
  status('{"timestamp":7,"data":{}'),
  `${status('null')}more`,
  Buffer.concat([
    Buffer.from('{"has_stash":true,"my_stash":null,"x":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ]),
])('no status of a stash: %s', (text) => {
  expect(read(text)).toBeUndefined();
});

test('the oracle of Go gives what this reads', () => {
  const data = throughGoMap('{"b":"<","a":1e3}')!;
  expect(read(status(`{"timestamp":7,"data":${data}}`))?.stash?.document.toString()).toBe(
    String.raw`{"a":1000,"b":"\u003c"}`,
  );
});
