import { expect, test } from 'vitest';
import { runModule } from '../jsonl/node-child.ts';

const KEYPAIR = new URL('../../dist/identity/keypair.js', import.meta.url).href;

test('a key that was used costs hardly more than its text: who brings thousands takes no memory', async () => {
  const bytes = await runModule(`
    import { PublicKey } from '${KEYPAIR}';
    const texts = Array.from({ length: 30_000 }, (_, at) => {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32LE(at);
      return bytes.toString('base64');
    });
    const signature = Buffer.alloc(64).toString('base64');
    const message = Buffer.alloc(32);
    const used = (text) => { const key = PublicKey.ofText(text); key.verify(message, signature); return key; };
    texts.slice(0, 100).map(used);
    const before = process.memoryUsage.rss();
    const keys = texts.map(used);
    console.log((process.memoryUsage.rss() - before) / keys.length);
  `);
  expect(Number(bytes)).toBeLessThan(1000);
});
