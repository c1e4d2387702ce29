/** What `test/mesh/run.js` made for the tests. */
function fromRunner(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start these tests with npm run test:mesh`);
  return value;
}

/** The one address of the network that the tests run in. */
export const ADDRESS = fromRunner('MESH_TEST_ADDRESS');

/** The path of `tailscaled`, `derper` or `control`. */
export function programPath(name: 'tailscaled' | 'derper' | 'control'): string {
  return `${fromRunner('MESH_TEST_PROGRAMS')}/${name}`;
}

/** Every tailscaled needs it here: the derper speaks plain http, and there is no router to talk to. */
export const TAILSCALE_ENVIRONMENT = {
  TS_DEBUG_USE_DERP_HTTP: '1',
  TS_DISABLE_PORTMAPPER: '1',
  TS_NO_LOGS_NO_SUPPORT: '1',
} as const;
