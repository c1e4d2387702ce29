// `npm run test:mesh`: builds tailscaled, derper and the control server, and runs the tests of the real mesh in a
// network of their own, where nothing can leave the machine. Says so and ends well where that cannot be done.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONTROL = join(ROOT, 'test/mesh/control');
const ADDRESS = '10.77.0.1';

/** tailscaled waits for an interface with a default route: a cable with both ends here is one. */
const SET_UP = `set -e
ip link set lo up
ip link add mesh0 type veth peer name mesh1
ip address add ${ADDRESS}/24 dev mesh0
ip link set mesh0 up
ip link set mesh1 up
ip route add default dev mesh0`;

function skip(reason) {
  process.stdout.write(`test:mesh SKIPPED: ${reason}\n`);
  process.exit(0);
}

/** The output of a command that works, else `undefined`. */
function outputOf(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', ...options });
  return status === 0 ? stdout : undefined;
}

/** Where Go's own installer puts it, it is not always in PATH. */
function findGo() {
  return ['go', '/usr/local/go/bin/go'].find((go) => outputOf(go, ['version']) !== undefined);
}

/** The words that start a command in namespaces of its own; what it leaves behind dies with it. */
function findNamespaces() {
  const apart = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return [apart, ['--map-root-user', ...apart]].find(
    (words) => outputOf('unshare', [...words, 'sh', '-c', SET_UP]) !== undefined,
  );
}

/** The folder with the three programs, which are built once for each Go and each version of what is built. */
function build(go) {
  const key = createHash('sha256').update(outputOf(go, ['version']));
  for (const name of ['go.mod', 'go.sum', 'main.go']) key.update(readFileSync(join(CONTROL, name)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mesh-backup-test');
  const folder = join(cache, key.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  process.stdout.write('test:mesh: building tailscaled, derper and the control server, once\n');
  const startedMs = Date.now();
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'new-'));
  const programs = ['tailscale.com/cmd/tailscaled', 'tailscale.com/cmd/derper', '.'];
  const { status } = spawnSync(
    go,
    ['build', '-mod=readonly', '-buildvcs=false', '-o', `${fresh}/`, ...programs],
    {
      cwd: CONTROL,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exit(1);
  renameSync(fresh, folder);
  process.stdout.write(`test:mesh: built in ${Math.round((Date.now() - startedMs) / 1000)} s\n`);
  return folder;
}

if (process.platform !== 'linux') skip('network namespaces are there on Linux only');
const go = findGo();
if (go === undefined) skip('no Go is installed');
const namespaces = findNamespaces();
if (namespaces === undefined)
  skip('no network namespace can be made (root or user namespaces, and iproute2)');

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
// The shell stays, as the first process there: it reaps what others leave behind.
const script = `${SET_UP}\nset +e\n"$@"\nexit $?`;
const words = [
  process.execPath,
  vitest,
  'run',
  '--config',
  'vitest.mesh.config.ts',
  ...process.argv.slice(2),
];
const programs = build(go);
const temporary = mkdtempSync(join(tmpdir(), 'mesh-'));
const child = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', ...words], {
  cwd: ROOT,
  env: { ...process.env, TMPDIR: temporary, MESH_TEST_PROGRAMS: programs, MESH_TEST_ADDRESS: ADDRESS },
  stdio: 'inherit',
});
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill('SIGKILL'));
child.on('exit', (status) => {
  rmSync(temporary, { recursive: true, force: true });
  process.exitCode = status ?? 1;
});
