import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeCronLine } from '../../src/keeping/crontab.ts';
import {
  calendarOf,
  cronFieldsOf,
  INTERVALS,
  parseClock,
  parseOnCalendar,
} from '../../src/keeping/schedule-time.ts';
import type { UnitSchedule } from '../../src/keeping/schedule.ts';
import { cronWord } from '../../src/keeping/shell-words.ts';
import { makeUnits } from '../../src/keeping/systemd-units.ts';
import { unitValue, unitWord } from '../../src/keeping/unit-words.ts';
import { makeFolder } from './backups.ts';

const USAGE = expect.objectContaining({ code: 'USAGE' }) as Error;
const SCHEDULE: UnitSchedule = {
  name: 'nightly',
  time: { every: 'daily', hour: 3, minute: 5 },
  command: ['/usr/bin/env', 'dump-events', '-name', 'al ice', '100%', '$HOME'],
  folder: '/srv/back ups',
  searchPath: '/opt/node/bin:/usr/bin:/bin',
  isUserUnit: false,
  user: 'backup',
  credentials: [{ name: 'soul', path: '/etc/alice 100%.soul' }],
  writable: ['/srv/back ups', '/srv/other'],
};

/** Any text that a command line can hold and one line can say. */
const word = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', '%', '$', '\\', '"', "'", ' ', ';', '#', '{', '}', '`', '!', '*', '~'),
  }),
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text)),
);

/** What systemd makes of a line of words: quotes, then specifiers, then variables. Source: systemd.syntax(7). */
function readUnitWords(text: string, hasVariables: boolean): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    let read = '';
    let quote: string | undefined;
    for (; at < text.length && (quote !== undefined || text[at] !== ' '); at++) {
      const character = text[at]!;
      if (character === '\\') {
        const next = text[++at];
        if (next !== '\\' && next !== '"') throw new Error(`an escape: \\${next ?? ''}`);
        read += next;
      } else if (character === quote) quote = undefined;
      else if (quote === undefined && (character === '"' || character === "'")) quote = character;
      else read += character;
    }
    if (quote !== undefined) throw new Error('an open quote');
    const specified = read.replace(/%(.?)/gs, (_, next: string) => {
      if (next !== '%') throw new Error(`a specifier: %${next}`);
      return '%';
    });
    words.push(
      hasVariables
        ? specified.replace(/\$(.?)/gs, (_, next: string) => {
            if (next !== '$') throw new Error(`a variable: $${next}`);
            return '$';
          })
        : specified,
    );
  }
  return words;
}

/** What Vixie cron hands to the shell; the rest would be its input. Source: its do_command.c. */
function readCronCommand(text: string): string {
  let read = '';
  let isEscaped = false;
  for (const character of text) {
    if (isEscaped) {
      read = character === '%' ? `${read.slice(0, -1)}%` : read + character;
      isEscaped = false;
    } else if (character === '%') return read;
    else {
      read += character;
      isEscaped = character === '\\';
    }
  }
  return read;
}

function shellWords(text: string): string[] {
  const said = execFileSync('sh', ['-c', `printf '%s\\0' ${text}`]).toString();
  return said.split('\0').slice(0, -1);
}

describe('words come through', () => {
  test('property: systemd reads what was meant', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        expect(readUnitWords(words.map(unitWord).join(' '), true)).toEqual(words);
        expect(readUnitWords(words.map(unitValue).join(' '), false)).toEqual(words);
      }),
      { numRuns: 500 },
    );
  });

  test.skipIf(process.platform === 'win32')('property: cron and a shell do, with % or without', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const text = words.map(cronWord).join(' ');
        expect(shellWords(readCronCommand(text))).toEqual(words);
        // A cron that leaves % alone.
        expect(shellWords(text)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['a\nb', 'a\rb', 'a\0b', '\t', '\u001b[0m', '\u0085'])('but not %j', (text) => {
    expect(() => unitWord(text)).toThrow(USAGE);
    expect(() => cronWord(text)).toThrow(USAGE);
  });
});

test('the units, as they are', () => {
  const [service, timer] = makeUnits(SCHEDULE);
  expect([service.path, timer.path]).toEqual([
    '/etc/systemd/system/nightly.service',
    '/etc/systemd/system/nightly.timer',
  ]);
  expect(service.text).toBe(`# /etc/systemd/system/nightly.service
[Unit]
Description=nightly, scheduled by mesh-backup
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=backup
WorkingDirectory=/srv/back ups
Environment=PATH=/opt/node/bin:/usr/bin:/bin
LoadCredential=soul:/etc/alice 100%%.soul
ExecStart=/usr/bin/env dump-events -name "al ice" "100%%" "$$HOME"
Nice=10
UMask=0077
StateDirectory=mesh-backup
Environment=XDG_STATE_HOME=%S
ReadWritePaths="/srv/back ups"
ReadWritePaths=/srv/other
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# No MemoryDenyWriteExecute=: Node compiles while it runs.
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=true
PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
RestrictNamespaces=true
CapabilityBoundingSet=
`);
  expect(timer.text).toBe(`# /etc/systemd/system/nightly.timer
[Unit]
Description=When nightly runs

[Timer]
OnCalendar=*-*-* 03:05:00
# Made up for where the machine was off then.
Persistent=true
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
`);
});

test('a user’s units ask for nothing that only the system’s manager can do', () => {
  const [service] = makeUnits({ ...SCHEDULE, isUserUnit: true });
  expect(service.path).toBe('~/.config/systemd/user/nightly.service');
  expect(service.text).not.toMatch(
    /^(User|Protect|Private|ReadWritePaths|CapabilityBoundingSet|StateDirectory)/m,
  );
  expect(service.text).toMatch(/^LoadCredential=soul:/m);
  expect(makeUnits({ ...SCHEDULE, user: 'root' })[0].text).not.toContain('CapabilityBoundingSet');
});

test.each(['relative', '/a"b', "/a'b", '/a\\b', '/a ', '/a\nb'])(
  'no path that a unit cannot say: %j',
  (path) => {
    expect(() => makeUnits({ ...SCHEDULE, folder: path })).toThrow(USAGE);
    expect(() => makeUnits({ ...SCHEDULE, writable: [path] })).toThrow(USAGE);
    expect(() => makeUnits({ ...SCHEDULE, credentials: [{ name: 'a', path }] })).toThrow(USAGE);
  },
);

test.each(['env', '-/bin/true', '/bin/$x'])(
  'no program that systemd would read as something else: %s',
  (path) => {
    expect(() => makeUnits({ ...SCHEDULE, command: [path] })).toThrow(USAGE);
  },
);

test('the line of a crontab', () => {
  expect(makeCronLine(SCHEDULE)).toBe(
    "5 3 * * * cd '/srv/back ups' && PATH=/opt/node/bin:/usr/bin:/bin /usr/bin/env dump-events -name 'al ice' '100'\\% '$HOME'\n",
  );
  expect(() => makeCronLine({ ...SCHEDULE, command: ['/bin/true', 'x'.repeat(1000)] })).toThrow(USAGE);
});

test('times', () => {
  const at = { hour: 3, minute: 5 };
  expect(INTERVALS.map((every) => [calendarOf({ every, ...at }), cronFieldsOf({ every, ...at })])).toEqual([
    ['*-*-* *:05:00', '5 * * * *'],
    ['*-*-* 03:05:00', '5 3 * * *'],
    ['Mon *-*-* 03:05:00', '5 3 * * 1'],
    ['*-*-01 03:05:00', '5 3 1 * *'],
  ]);
  expect(parseClock('3:05')).toEqual(at);
  for (const text of ['24:00', '3', '3:5', '03:60', '-1:00', '03:00 ', ''])
    expect(() => parseClock(text)).toThrow(USAGE);
  expect(calendarOf({ onCalendar: parseOnCalendar('Mon..Fri *-*-* 12:00 Europe/Berlin') })).toContain(
    'Berlin',
  );
  for (const text of ['', 'a\nExecStart=/bin/sh', '%h', ' x', 'x;y'])
    expect(() => parseOnCalendar(text)).toThrow(USAGE);
  expect(() => cronFieldsOf({ onCalendar: 'daily' })).toThrow(USAGE);
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasAnalyze)('systemd itself finds nothing wrong with them', async () => {
  const folder = await makeFolder();
  for (const time of [
    ...INTERVALS.map((every) => ({ every, hour: 3, minute: 5 })),
    { onCalendar: 'Mon 12:00' },
  ]) {
    const units = makeUnits({ ...SCHEDULE, folder: '/', time, command: ['/usr/bin/env', 'a "b" $c %d \\e'] });
    for (const { name, text } of units) await writeFile(join(folder, name), text);
    const paths = units.map(({ name }) => join(folder, name));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
      encoding: 'utf8',
    });
    expect({ status, about: stderr.split('\n').filter((text) => text.includes('nightly')) }).toEqual({
      status: 0,
      about: [],
    });
    expect(spawnSync('systemd-analyze', ['calendar', calendarOf(time)]).status).toBe(0);
  }
});
