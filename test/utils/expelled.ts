/** What an expelled account may still send, function by function: Besu checks no sender when it imports a block. */

/**
 * What moves nothing but the sender's own, out or away: nobody's exit is closed, and nobody else feels it.
 * Everything that is neither here nor in the tables below must refuse an expelled sender.
 */
export const OWN_AFFAIRS: Readonly<Record<string, string>> = {
  "EnergyCredit.approve": "allows others the sender's own credits",
  "EnergyCredit.permit": "the same, signed",
  "EnergyCredit.transfer": "its own credits",
  "EnergyCredit.transferFrom": "credits that their owner allowed",
  "TradeEscrow.withdraw": "its own free credits",
  "TradeEscrow.payArrears": "its own debts, of its own credits",
  "BilateralContracts.revoke": "takes back a contract of its own that is not accepted yet",
  "VoteBook.unvote": "ends its own ballot",
  "VoteBook.withdrawStake": "its own stake",
  "VoteBook.withdrawRemoval": "backs no removal any more",
  "AccountantElection.resign": "leaves its own seat",
  "AccountantElection.addDeposit": "its own credits, to its own deposit",
  "AccountantElection.withdrawDeposit": "its own deposit",
  "AccountingRevenue.claim": "pays what is due to an account, whoever asks",
  "AccountingRevenue.claimVotes": "the same for a voter",
  "TurnCourt.announceAbsence": "excuses turns of a seat that it loses",
  "TurnCourt.unjail": "ends a jail; without the role it can't stand again",
  "PersonalRecords.erase": "its own record",
  "RecordGrants.revoke": "its own grant",
  "KeyDirectory.revoke": "its own key",
  "KeyDirectory.revokeBySig": "the same, signed",
  "NodeDirectory.withdraw": "its own node",
  "BackupRegister.withdraw": "takes back what it said that it keeps",
  "FederationAccessManager.renounceRole": "its own role",
  "FederationAccessManager.cancel": "its own scheduled call, which it could not execute",
  "FederationGovernor.cancel": "its own proposal, before the vote",
  "FederationGovernor.castVote": "the vote it had when the voting began; none after its expulsion",
  "FederationGovernor.castVoteWithReason": "the same",
  "FederationGovernor.castVoteWithReasonAndParams": "the same",
};

/** What has one right outcome whoever sends it: an expelled sender changes nothing that another would not. */
export const ANYBODYS: Readonly<Record<string, string>> = {
  "Clearing.clearFeeder": "exactly one result is valid",
  "Clearing.clearParent": "exactly one result is valid",
  "Clearing.close": "what was cleared",
  "Clearing.multicall": "of these",
  "Settlement.settle": "by rules, from readings",
  "Settlement.settleRest": "by rules, from readings",
  "Settlement.finalize": "by the calendar",
  "Settlement.finalizeRest": "by the calendar",
  "Settlement.multicall": "of these",
  "MeterLedger.submit": "readings, each signed by its meter or an active operator",
  "MeterLedger.liftBar": "a reading that is there ends a bar",
  "DeviceRegistry.rotateKey": "signed by the device's old key and the new one",
  "Disputes.resolve": "by the readings that are there",
  "TradeEscrow.depositFor": "gives its own credits to an account that is not refused them",
  "AccountantElection.elect": "exactly one order is valid",
  "AccountantElection.vacate": "by the rules on seats",
  "AccountantElection.standingChanged": "by the rules on seats",
  "VoteBook.dropBallot": "of a voter that is admitted no more",
  "VoteBook.circulating": "counts credits",
  "VoteBook.multicall": "of the sender's own calls",
  "TurnCourt.reportMissed": "two sealed headers prove it",
  "TurnCourt.reportDoubleSeal": "two sealed headers prove it",
  "HeaderAnchors.anchor": "sealed headers prove it",
  "EmergencySuspension.suspendByMembers": "what enough members back",
  "FederationGovernor.castVoteBySig": "the signer's vote, if it is a member",
  "FederationGovernor.castVoteWithReasonAndParamsBySig": "the signer's vote, if it is a member",
  "FederationGovernor.queue": "a proposal that succeeded",
  "FederationGovernor.execute": "a proposal that succeeded and waited",
  "FederationGovernor.onERC721Received": "a receiver's answer",
  "FederationGovernor.onERC1155Received": "a receiver's answer",
  "FederationGovernor.onERC1155BatchReceived": "a receiver's answer",
  "FederationAccessManager.consumeScheduledOp": "asked by the contract that a scheduled call is for",
  "FederationAccessManager.multicall": "of the sender's own calls",
};

/** What only a contract of the deployment, or a vote, may call: the error with which everybody else is refused. */
export const CLOSED: Readonly<Record<string, string>> = {
  "AccountantElection.addShares": "ElectionNotPart",
  "AccountantElection.takeShares": "ElectionNotPart",
  "AccountantElection.flagRemoval": "ElectionNotPart",
  "AccountantElection.freeze": "ElectionNotPart",
  "AccountantElection.jail": "ElectionNotPart",
  "AccountantElection.release": "ElectionNotPart",
  "AccountingRevenue.addToPool": "AccountingRevenueNotPart",
  "AccountingRevenue.ballotCast": "AccountingRevenueNotPart",
  "AccountingRevenue.ballotEnded": "AccountingRevenueNotPart",
  "Arrears.charge": "ArrearsNotEscrow",
  "Arrears.pay": "ArrearsNotEscrow",
  "Arrears.record": "ArrearsNotEscrow",
  "FederationGovernor.relay": "GovernorOnlyExecutor",
  "FederationGovernor.propose": "GovernorInsufficientProposerVotes",
  "FederationAccessManager.bindFederation": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.grantRole": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.revokeRole": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.handOver": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.labelRole": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.sealRole": "AccessManagerUnauthorizedAccount",
  "FederationAccessManager.setTargetFunctionRole": "AccessManagerUnauthorizedAccount",
};

/** What refuses the expelled in a Solidity test, for it needs a history that no run here has. */
export const REFUSED_ELSEWHERE: Readonly<Record<string, string>> = {
  "DeviceRegistry.certify": "test_RevertWhen_TheMakerIsExpelled",
  "DeviceRegistry.recertify": "test_RevertWhen_TheMakerIsExpelled", // the same _useCertificate
  "DeviceRegistry.claim": "test_RevertWhen_TheOwnerIsSuspended",
  "DeviceRegistry.changeOwner": "test_RevertWhen_TheHolderIsSuspendedOrExpelled",
  "DeviceRegistry.suspend": "test_RevertWhen_ASuspendedOperatorSuspendsAMeter",
  "DeviceRegistry.resume": "test_RevertWhen_ASuspendedOperatorSuspendsAMeter", // the same _requireKeeper
  "DeviceRegistry.retire": "test_RevertWhen_ASuspendedOperatorSuspendsAMeter", // the same _requireKeeper
  "DeviceRegistry.handOver": "test_RevertWhen_ASuspendedOperatorSuspendsAMeter", // the same _requireKeeper
  "DeviceRegistry.revoke": "test_RevertWhen_ASuspendedMakerRevokes",
  "GridTopology.removeMeter": "test_RevertWhen_TheOperatorLostItsRole", // the same _requireGridOperator
  "GridTopology.setEdge": "test_RevertWhen_ASuspendedOperatorSetsTheEdgeInTheSameBlock",
  "ReadingQuorum.attest": "test_RevertWhen_TheCallerIsNoneOfThatFeedersOperators",
  "BilateralContracts.accept": "test_RevertWhen_APartyIsSuspendedOrInArrears",
  "TradeEscrow.deposit": "test_RevertWhen_DepositorIsSuspended",
  "AccountantElection.changeNode": "test_RevertWhen_TheExpelledChangeTheirNode",
  "AccountantElection.stand": "test_RevertWhen_TheExpelledStand",
  "VoteBook.vote": "test_RevertWhen_TheVoterIsNotAdmitted",
  "FederationAccessManager.execute": "test_RevertWhen_AnExpelledMemberActsAsCouncil",
  "FederationAccessManager.schedule": "test_RevertWhen_AnExpelledMemberActsAsCouncil", // asks the same role
  "EnergyMarket.relay": "test_RevertWhen_TheAccountIsSuspended", // who signed the order, not who brings it
  "NodeDirectory.attest": "test_RevertWhen_TheNodesMemberIsNotActive",
};
