import type { Check } from './check.ts';

/** As package.json has it. */
export const LEAST_NODE = [20, 19] as const;

/** Whether what runs us is new enough. */
export function checkVersions(versions: {
  readonly ours: string;
  readonly node: string;
  readonly tailscaled: string | undefined;
}): Check {
  const { ours, node, tailscaled } = versions;
  const text = [
    `mesh-backup ${ours}`,
    `Node ${node}`,
    ...(tailscaled ? [`tailscaled ${tailscaled}`] : []),
  ].join(', ');
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor))
    return { what: 'versions', state: 'ok', text };
  return {
    what: 'versions',
    state: 'failure',
    text,
    advice: `Node ${LEAST_NODE.join('.')} or newer is needed.`,
  };
}
