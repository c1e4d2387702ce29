// A program with commands that end in every way there is, run by the real frame as a process of its own.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { COMMANDS } from '../../dist/cli/commands.js';
import { line } from '../../dist/cli/line.js';
import { runProcess } from '../../dist/cli/run-process.js';
import { declareSoulFlags, readSoulText } from '../../dist/cli/soul-source.js';

const probes = {
  throw: () => {
    throw new Error('\u001b[31mbroken\u202e');
  },
  async hang(_, { output, signal }) {
    output.tell(line`ready`);
    const held = setInterval(() => undefined, 1000);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    clearInterval(held);
    throw signal.reason;
  },
  async stubborn(_, { output, signal }) {
    signal.addEventListener('abort', () => output.tell(line`finishing`));
    output.tell(line`ready`);
    setInterval(() => undefined, 1000);
    await new Promise(() => undefined);
  },
  async open(_, { output }) {
    createServer().listen(0, '127.0.0.1');
    await output.write('all of it\n');
    return 3;
  },
  async lost() {
    await new Promise(() => undefined);
  },
  async late(_, { output }) {
    setImmediate(() => {
      throw new Error('\u001b[31mlate');
    });
    output.tell(line`ready`);
    await new Promise((resolve) => setInterval(resolve, 100_000));
  },
  async flood(_, { output }) {
    for (let batch = 0; batch < 10_000; batch++) await output.write('x'.repeat(65_536));
    return 0;
  },
  async soul(options, { env, output, stdin, signal }) {
    const text = await readSoulText(options, { env, output, stdin, signal, stdinIsData: false });
    writeFileSync(options.to, JSON.stringify({ text, env: env.NARA_SOUL ?? null }));
    output.tell(line`ready`);
    const held = setInterval(() => undefined, 1000);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    clearInterval(held);
    throw signal.reason;
  },
};

for (const [name, run] of Object.entries(probes)) {
  const module = {
    name,
    summary: name,
    jsonTo: 'stderr',
    examples: [],
    declare(command) {
      if (name === 'soul') declareSoulFlags(command.option('--to <file>', 'where to write what was read'));
    },
    run,
  };
  COMMANDS.set(name, () => Promise.resolve(module));
}

await runProcess({ programName: 'probe' });
