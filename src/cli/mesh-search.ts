import { MeshBackupError } from '../errors.ts';
import { canBeNara, discover, type Discovery, type FoundNara } from '../mesh/discover.ts';
import type { Entry } from '../mesh/enter-mesh.ts';
import { PeerHttp } from '../mesh/http.ts';
import type { Membership } from '../mesh/membership.ts';
import type { Acquaintance } from '../mesh/peer-memory.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { callRoll, type RollCall } from '../mesh/roll-call.ts';
import type { TailnetMachine } from '../mesh/tailnet-status.ts';
import type { CommandContext } from './command-module.ts';
import { line } from './line.ts';
import type { MeshFlags } from './mesh-flags.ts';
import { rollCallLines, rollCallRecord, silentLine } from './roll-call-lines.ts';
import { splitLists } from './selection-flags.ts';

/** A nara's host name: its name and four characters. */
const LIKE_A_NARA = /-[a-z0-9]{4}$/;
const MOST_SILENT_LINES = 10;

/** The search for naras on a mesh, at the start and for those that come late. */
export class MeshSearch {
  readonly #flags: MeshFlags;
  readonly #context: CommandContext;
  #known: readonly Acquaintance[] = [];
  #naras: readonly FoundNara[] = [];
  /** Addresses of machines that have answered, as naras or not. */
  readonly #answered = new Set<string>();
  /** URLs of the peers that were given. */
  readonly #given = new Set<string>();
  /** Lines that were said: nothing is said twice. */
  readonly #said = new Set<string>();

  constructor(flags: MeshFlags, context: CommandContext) {
    this.#flags = flags;
    this.#context = context;
  }

  /** Asks machines who they are. Throws the signal's reason. */
  async look({ proxy }: Membership, machines: readonly TailnetMachine[], tries?: number): Promise<Discovery> {
    const { meshPort: port, pingTimeout: pingTimeoutMs } = this.#flags;
    const { signal, output } = this.#context;
    const http = new PeerHttp({ connectTimeoutMs: pingTimeoutMs, proxy });
    try {
      output.detail(
        line`🔎 Asking ${machines.filter(canBeNara).length} of ${machines.length} machines who they are`,
      );
      return await discover(machines, { http, port, pingTimeoutMs, tries, signal });
    } finally {
      await http.close();
    }
  }

  /** The peers among those that were found first, after saying what is odd about them. */
  choose({ status, discovery }: Entry, known: readonly Acquaintance[]): PeerAddress[] {
    this.#known = known.filter(({ name }) => this.#wants(name));
    return this.#choose(status.machines, discovery);
  }

  /** Those that came, or answer, since. Never throws. */
  async late(membership: Membership): Promise<readonly PeerAddress[]> {
    try {
      const { machines } = await membership.status();
      const fresh = machines.filter(({ addresses }) => !addresses.some((one) => this.#answered.has(one)));
      return this.#choose(fresh, await this.look(membership, fresh, 1));
    } catch (error) {
      if (this.#context.signal.aborted) return [];
      if (!(error instanceof MeshBackupError)) throw error;
      this.#context.output.warn(line`⚠️  Who came late is not known: ${error.message}`);
      return [];
    }
  }

  /**
   * Who was met here lately and does not answer, though the machine is online, is a peer as well: to be tried, and to be
   * missed.
   */
  #choose(machines: readonly TailnetMachine[], { naras, silent, others }: Discovery): PeerAddress[] {
    const { output } = this.#context;
    output.detail(line`   ${naras.length} naras, ${others} something else, ${silent.length} silent`);
    const isSilent = new Set(silent);
    for (const machine of machines.filter(canBeNara)) {
      if (!isSilent.has(machine)) for (const address of machine.addresses) this.#answered.add(address);
    }
    this.#naras = [...this.#naras, ...naras.filter(({ peer }) => this.#wants(peer.name))];
    const rollCall = callRoll({ naras: this.#naras, silent }, this.#known, Date.now());
    this.#tell(rollCall, silent);
    const missed = rollCall.missing
      .filter((one) => one.isSilent)
      .map(({ name, url }) => ({ name, url: new URL(url), publicKey: undefined }));
    const fresh = [...this.#naras.map(({ peer }) => peer), ...missed].filter(
      ({ url }) => !this.#given.has(url.href),
    );
    for (const { url } of fresh) this.#given.add(url.href);
    return fresh;
  }

  #tell(rollCall: RollCall, silent: readonly TailnetMachine[]): void {
    const { output } = this.#context;
    const fresh = rollCallLines(rollCall).filter((odd) => this.#isNew(odd.render(false)));
    for (const odd of fresh) output.warn(odd);
    if (fresh.length > 0 || this.#given.size === 0) output.record(rollCallRecord(rollCall, silent));
    const suspects = silent.filter(({ hostName }) => LIKE_A_NARA.test(hostName));
    for (const machine of suspects.slice(0, MOST_SILENT_LINES)) {
      const text = silentLine(machine);
      if (this.#isNew(text.render(false))) output.warn(text);
    }
    const more = suspects.length - MOST_SILENT_LINES;
    if (more > 0 && this.#isNew('more silent ones'))
      output.warn(line`⚠️  no answer from ${more} more such machines`);
    for (const machine of silent.filter((one) => !suspects.includes(one))) output.detail(silentLine(machine));
  }

  #isNew(text: string): boolean {
    const isNew = !this.#said.has(text);
    this.#said.add(text);
    return isNew;
  }

  #wants(name = ''): boolean {
    const only = splitLists(this.#flags.only);
    return (only.length === 0 || only.includes(name)) && !splitLists(this.#flags.skip).includes(name);
  }
}
