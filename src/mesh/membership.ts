import type { OnCall } from './call-server.ts';
import type { ProxySettings } from './proxy.ts';
import type { TailnetStatus } from './tailnet-status.ts';

/** Being on a mesh, by a tailscaled. Whoever joined leaves, whatever happened. */
export interface Membership {
  /** `host`: the machine's own tailscaled, left as it is; `own`: one of ours. */
  readonly way: 'host' | 'own';
  /** The proxy that leads to the mesh; `undefined`: its addresses are dialled directly. */
  readonly proxy: ProxySettings | undefined;
  /** Who is there now. Throws `MESH_DAEMON`. */
  status(): Promise<TailnetStatus>;
  /**
   * Takes calls to `port` of our address on the mesh until the function that it returns is called; one at a time. It cuts
   * off who calls without telling from where, as through a tailscaled of ours from before 1.92. Throws `MESH_DAEMON`.
   */
  receive(onCall: OnCall, port: number): Promise<() => Promise<void>>;
  /** Leaves nothing behind. Never throws; a second call changes nothing. */
  leave(): Promise<void>;
}
