/** A chain of the SDK as an agent follows it. */
import { AdmittanceView, validatorsAfter } from "../../../sdk/actions/admittance.js";
import type { AnyChain } from "../../../sdk/connect.js";
import { latestHead } from "../../../sdk/latest-head.js";

import type { FollowedChain } from "./agent.js";

export function followed(chain: AnyChain): FollowedChain {
  const view = new AdmittanceView(chain);
  return {
    head: () => latestHead(chain.provider),
    at: (head) => view.at(head),
    validators: () => validatorsAfter(chain, "latest"),
  };
}
