import { spawnSync } from 'node:child_process';

const words = (options: string): string[] => [
  'unshare',
  '-m',
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} tmpfs /mnt && exec "$@"`,
  'sh',
];

function canMount(): boolean {
  const [command, ...args] = words('size=1m');
  return process.platform === 'linux' && spawnSync(command!, [...args, 'true']).status === 0;
}

/** The words that start a process which has a disk of its own on /mnt; `undefined` where we may not mount. */
export const onSmallDisk = canMount() ? words : undefined;
