// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice How the dates of a slot follow from its delivery (market rules, "Time of a slot"). Seconds. The first five
/// are leads before delivery starts, the last four are lengths, one after the other, after delivery ends.
struct Windows {
    uint24 opensBefore; // orders are taken from here
    uint24 gateBefore; // ... until here
    uint24 feederBefore; // clearing deadlines
    uint24 districtBefore;
    uint24 cityBefore;
    uint24 readingFor; // from the end of delivery
    uint24 disputeFor; // from the end of the reading window; actual readings are taken until its middle
    uint24 decisionFor; // from the end of the dispute window
    uint24 finalFor; // from the decision deadline to the final date: for settling what was corrected last
}
