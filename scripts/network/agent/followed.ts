/** A chain of the SDK as an agent follows it. */
import { AdmittanceView, latestHead, validatorsAfter } from "../../../sdk/actions/admittance.js";
import type { AnyChain } from "../../../sdk/connect.js";

import type { FollowedChain } from "./agent.js";

export function followed(chain: AnyChain): FollowedChain {
  const view = new AdmittanceView(chain);
  return {
    head: () => latestHead(chain),
    at: (head) => view.at(head),
    validators: () => validatorsAfter(chain, "latest"),
  };
}
