import { MeshBackupError } from '../errors.ts';
import type { UnitSchedule } from './schedule.ts';
import { calendarOf } from './schedule-time.ts';
import { unitListedPath, unitPath, unitValue, unitWord } from './unit-words.ts';

export interface UnitFile {
  /** `NAME.service` */
  readonly name: string;
  /** Where it is to lie; `~` is the user's home. */
  readonly path: string;
  readonly text: string;
}

/** Works in a user's manager as well: needs neither root nor a name space of its own. */
const HARDENING = [
  'NoNewPrivileges=true',
  'LockPersonality=true',
  'RestrictRealtime=true',
  'RestrictSUIDSGID=true',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallErrorNumber=EPERM',
  '# No MemoryDenyWriteExecute=: Node compiles while it runs.',
];
const SYSTEM_HARDENING = [
  'ProtectSystem=strict',
  'ProtectHome=read-only',
  'PrivateTmp=true',
  'PrivateDevices=true',
  'ProtectClock=true',
  'ProtectControlGroups=true',
  'ProtectHostname=true',
  'ProtectKernelLogs=true',
  'ProtectKernelModules=true',
  'ProtectKernelTunables=true',
  'RestrictNamespaces=true',
];

/** The service and its timer. Throws `USAGE` for what cannot be said in a unit. */
export function makeUnits(schedule: UnitSchedule): readonly [service: UnitFile, timer: UnitFile] {
  const { name, isUserUnit } = schedule;
  const folder = isUserUnit ? '~/.config/systemd/user' : '/etc/systemd/system';
  const file = (ending: string, text: string): UnitFile => {
    const path = `${folder}/${name}.${ending}`;
    return { name: `${name}.${ending}`, path, text: `# ${path}\n${text}` };
  };
  return [file('service', serviceText(schedule)), file('timer', timerText(schedule))];
}

/** What to do with them, for people: one command a line, or a sentence. */
export function installSteps({ name, isUserUnit }: UnitSchedule): readonly string[] {
  const [sudo, user] = isUserUnit ? ['', ' --user'] : ['sudo ', ''];
  return [
    `Save each part under the path in its first line, then:`,
    `  ${sudo}systemctl${user} daemon-reload`,
    `  ${sudo}systemctl${user} enable --now ${name}.timer`,
    `Try it now, and see how it went:`,
    `  ${sudo}systemctl${user} start ${name}.service`,
    `  journalctl${user} -u ${name}.service`,
    `When it runs next: systemctl${user} list-timers ${name}.timer`,
    ...(isUserUnit ? [`So that it runs while you are not logged in: sudo loginctl enable-linger`] : []),
  ];
}

function serviceText(schedule: UnitSchedule): string {
  const { name, command, folder, searchPath, user, credentials, isUserUnit, writable } = schedule;
  return lines([
    '[Unit]',
    `Description=${name}, scheduled by mesh-backup`,
    ...(isUserUnit ? [] : ['Wants=network-online.target', 'After=network-online.target']),
    '',
    '[Service]',
    'Type=oneshot',
    ...(isUserUnit ? [] : [`User=${user}`]),
    `WorkingDirectory=${unitPath(folder)}`,
    `Environment=${unitValue(`PATH=${searchPath}`)}`,
    ...credentials.map((one) => `LoadCredential=${one.name}:${unitPath(one.path)}`),
    `ExecStart=${programWord(command[0]!)}${command
      .slice(1)
      .map((word) => ` ${unitWord(word)}`)
      .join('')}`,
    'Nice=10',
    'UMask=0077',
    // Who was on the mesh last time is kept there; a home that is read-only has no other place for it.
    ...(isUserUnit ? [] : ['StateDirectory=mesh-backup', 'Environment=XDG_STATE_HOME=%S']),
    ...(isUserUnit ? [] : writable.map((path) => `ReadWritePaths=${unitListedPath(path)}`)),
    ...HARDENING,
    ...(isUserUnit ? [] : SYSTEM_HARDENING),
    // Without them, root could not even read the files of others.
    ...(isUserUnit || user === 'root' ? [] : ['CapabilityBoundingSet=']),
  ]);
}

function timerText({ name, time }: UnitSchedule): string {
  return lines([
    '[Unit]',
    `Description=When ${name} runs`,
    '',
    '[Timer]',
    `OnCalendar=${calendarOf(time)}`,
    '# Made up for where the machine was off then.',
    'Persistent=true',
    'RandomizedDelaySec=5min',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]);
}

/** A program's path is not read as the other words are: there is no way to write a `$` into it that all versions take. */
function programWord(path: string): string {
  if (!path.startsWith('/') || path.includes('$')) {
    throw new MeshBackupError('USAGE', `'${path}' cannot stand in a unit as a program: from / on, and no $.`);
  }
  return unitWord(path);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
