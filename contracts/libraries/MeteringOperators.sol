// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation, MemberRole} from "../interfaces/IFederation.sol";

/// @title MeteringOperators
/// @notice Who may act as a metering operator at this moment. Where the one that was named may not, a successor takes
///         its place: for a device whoever takes it over (DeviceLives), for readings the one that the feeder has now
///         (MeterLedger).
library MeteringOperators {
    /// @notice Whether the account is admitted as a metering operator, and neither suspended nor expelled.
    /// @param federation The Federation of this chain.
    /// @param account Any account.
    /// @return yes True: it may act.
    function mayAct(IFederation federation, address account) internal view returns (bool yes) {
        return federation.hasRole(account, MemberRole.MeteringOperator);
    }
}
