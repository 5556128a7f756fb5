// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Level of a grid area in the tree feeder, district, city.
enum AreaLevel {
    Feeder,
    District,
    City
}

/// @notice Side of an order. `None` marks a meter that has no order in a slot.
enum Side {
    None,
    Buy,
    Sell
}

/// @notice Quality of a reading, as metering codes name it (market rules, "Readings").
enum ReadingStatus {
    None,
    Actual,
    Substituted,
    Estimated,
    Corrected,
    Missing
}

/// @notice The dates of one slot, all in Unix seconds (market rules, "Time of a slot").
struct SlotTimes {
    uint64 opens;
    uint64 gateClosure;
    uint64 feederDeadline;
    uint64 districtDeadline;
    uint64 cityDeadline;
    uint64 deliveryStart;
    uint64 deliveryEnd;
    uint64 actualsUntil; // middle of the dispute window
    uint64 readingEnd;
    uint64 disputeEnd;
    uint64 decisionEnd;
    uint64 finalDate;
}

/// @notice The regulator's parameters in force for a slot. Rates are micro-credits per kWh.
struct RuleSet {
    uint32 bondRate;
    uint32 escalationRate;
    uint32 retailCap;
    uint32 edgeFeeCap;
    uint32 minimumOrderWh;
    uint8 escalationThreshold; // short slots within the window from which the rate applies; 0 = never
    uint8 escalationWindow; // slots looked at, at most 32
    uint32 accountingFeeMicro; // micro-credits per settled meter and slot
    uint64 reservePerMeterMicro; // micro-credits that a withdrawal leaves per active meter
}

/// @notice What holds on a feeder for a slot: the parties, prices and edge fees in force (already min(set, cap)).
///         Prices and fees are micro-credits per kWh.
struct FeederTerms {
    uint24 district;
    uint24 city;
    address supplier;
    address gridOperator;
    address meteringOperator;
    uint32 retail;
    uint32 feedIn;
    uint32 feederFee; // edge feeder -> district
    uint32 districtFee; // edge district -> city
}

/// @notice A stored reading. Energy in Wh, gross, never netted within the slot.
struct StoredReading {
    uint32 importWh;
    uint32 exportWh;
    ReadingStatus status;
    uint8 sequence;
}
