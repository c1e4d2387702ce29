import { z } from 'zod';

/** One machine of a tailnet, as tailscaled has it. All of it comes from the control server: print it escaped. */
export interface TailnetMachine {
  readonly hostName: string;
  readonly addresses: readonly string[];
  readonly isOnline: boolean;
  readonly isExpired: boolean;
}

/** What tailscaled says of itself and its tailnet. */
export interface TailnetStatus {
  readonly version: string;
  /** `Running`, `NeedsLogin`, `NeedsMachineAuth`, `Stopped`, `Starting`, `NoState`. */
  readonly state: string;
  /** Trouble, in tailscaled's words. */
  readonly health: readonly string[];
  /** The tailnet's name; '' where it has none. */
  readonly tailnet: string;
  /** This machine; `undefined` before it is in a tailnet. */
  readonly self: TailnetMachine | undefined;
  /** All others. */
  readonly machines: readonly TailnetMachine[];
}

const Machine = z.object({
  HostName: z.string().catch(''),
  TailscaleIPs: z.array(z.string()).nullish().catch(undefined),
  Online: z.boolean().catch(false),
  Expired: z.boolean().optional().catch(false),
});

const Status = z.object({
  Version: z.string().catch(''),
  BackendState: z.string(),
  Health: z.array(z.string()).nullish().catch(undefined),
  CurrentTailnet: z.object({ Name: z.string() }).nullish().catch(undefined),
  Self: Machine.nullish().catch(undefined),
  Peer: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});

/** Parses the answer to `GET /localapi/v0/status`; `undefined` for something else. Source: specification, "Being on the tailnet". */
export function parseTailnetStatus(json: unknown): TailnetStatus | undefined {
  const parsed = Status.safeParse(json);
  if (!parsed.success) return undefined;
  const { Version, BackendState, Health, CurrentTailnet, Self, Peer } = parsed.data;
  return {
    version: Version,
    state: BackendState,
    health: Health ?? [],
    tailnet: CurrentTailnet?.Name ?? '',
    self: Self ? toMachine(Self) : undefined,
    machines: Object.values(Peer ?? {}).flatMap((peer) => {
      const machine = Machine.safeParse(peer);
      return machine.success ? [toMachine(machine.data)] : [];
    }),
  };
}

function toMachine({ HostName, TailscaleIPs, Online, Expired }: z.infer<typeof Machine>): TailnetMachine {
  return { hostName: HostName, addresses: TailscaleIPs ?? [], isOnline: Online, isExpired: Expired ?? false };
}
