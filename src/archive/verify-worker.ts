/** A thread of `judgeOnThreads`: judges the blocks that come, in order, with the keys that it was started with. */
import { parentPort, workerData } from 'node:worker_threads';
import { BlockJudge } from './judge-block.ts';
import { KnownKeys, type KeyData } from './known-keys.ts';
import type { LineBlock } from './line-block.ts';

const keys = workerData as KeyData | undefined;
const judge = new BlockJudge(keys && new KnownKeys(keys));

parentPort?.on('message', (block: LineBlock) => {
  const report = judge.judge(block);
  parentPort?.postMessage(report, [report.copies.buffer, report.places.buffer]);
});
