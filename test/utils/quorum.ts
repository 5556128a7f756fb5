/** Metering operators besides a neighbourhood's own, and the quorum that they make at a feeder. */
import { Wallet, keccak256, toUtf8Bytes } from "ethers";

import { signing } from "../../scripts/home-admission.js";
import type { Neighbourhood, NeighbourFeeder, NeighbourhoodNetwork } from "../../scripts/neighbourhood.js";
import { attestReadings, setQuorum, type SetQuorumParameters } from "../../sdk/actions/attestations.js";
import { admitMember } from "../../sdk/actions/federation.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";

type Member = ReturnType<typeof signing>;

/** Admits metering operators with keys that follow from their names. */
export async function admitMeteringOperators(
  network: NeighbourhoodNetwork,
  names: readonly string[],
): Promise<Member[]> {
  const wallets = names.map((name) => new Wallet(keccak256(toUtf8Bytes(`metering operator ${name}`))));
  await network.fund(
    "transaction",
    wallets.map(({ address }) => address),
  );
  for (const { address } of wallets) {
    await admitMember(councilOf(network), { member: address, roles: [MemberRole.MeteringOperator] });
  }
  return wallets.map((wallet) => signing(network.transaction, wallet));
}

/** The council's decision that these operators attest. */
export async function decideQuorum(
  network: NeighbourhoodNetwork,
  operators: readonly { readonly signer: { readonly address: string } }[],
  quorum: Omit<SetQuorumParameters, "operators">,
): Promise<void> {
  await setQuorum(councilOf(network), { ...quorum, operators: operators.map(({ signer }) => signer.address) });
}

/** A feeder of which two of three operators attest the readings, its own metering operator being the first. */
export class AttestedFeeder {
  private constructor(
    readonly operators: readonly Member[],
    private readonly meters: ReadonlySet<bigint>,
  ) {}

  static async open(
    network: NeighbourhoodNetwork,
    { homes }: Neighbourhood,
    { feeder, fromSlot }: { readonly feeder: NeighbourFeeder | undefined; readonly fromSlot: bigint },
  ): Promise<AttestedFeeder> {
    if (feeder === undefined) throw new Error("there is no such feeder");
    const operators = [feeder.meteringOperator, ...(await admitMeteringOperators(network, ["second", "third"]))];
    await decideQuorum(network, operators, { feeder: feeder.area, needed: 2n, fromSlot });
    const own = homes.filter((home) => home.feeder.area === feeder.area);
    return new AttestedFeeder(operators, new Set(own.map(({ meter }) => meter)));
  }

  /** The first two attest those of its readings that need it; the third another value of the first, before or after them. */
  async attest(all: readonly SignedReading[], lies?: "before" | "after"): Promise<void> {
    const readings = all.filter(({ meter }) => this.meters.has(meter));
    const lie = readings.slice(0, 1).map((reading) => ({ ...reading, importWh: reading.importWh + 7n }));
    const [first, second, third] = this.operators;
    if (readings.length === 0 || first === undefined || second === undefined || third === undefined) return;
    if (lies === "before") await attestReadings(third, { readings: lie });
    await attestReadings(first, { readings });
    await attestReadings(second, { readings });
    if (lies === "after") await attestReadings(third, { readings: lie });
  }
}

function councilOf(network: NeighbourhoodNetwork): TransactionChain {
  return withSigner(network.transaction, network.operators.transaction.council);
}
