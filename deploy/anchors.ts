/**
 * A chain's HeaderAnchors, deployed when the other chain's election stands: what it trusts is in its constructor, it
 * has no owner and no role, so that neither hand-over nor order of the two chains matters.
 */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** The other chain as it is trusted to be (AnchorTypes.sol); a type alias, as Ignition's parameters need an index signature. */
export type AnchorSourceParameters = {
  election: string;
  genesisHash: string;
  head: bigint;
  digest: string;
  number: bigint;
  timestamp: bigint;
  trustingSeconds: bigint;
};

export default buildModule("Anchors", (m) => ({
  HeaderAnchors: m.contract("HeaderAnchors", [m.getParameter<AnchorSourceParameters>("source")]),
}));

/** Of the time for which stakes stay locked, two thirds are the trusting period and one is for evidence. */
export function trustingPeriodOf({ trustingSeconds }: { readonly trustingSeconds: number }): bigint {
  return (BigInt(trustingSeconds) * 2n) / 3n; // rounded down
}
