// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a settlement changes for one home's meter. Micro-credits.
struct HomePosting {
    address account;
    address supplier; // of the meter's feeder
    uint64 unlockMicro; // first settlement: moves from locked to held
    int64 communityMicro; // change of N = received - paid - fees - bond, funded by the filled locks of the slot
    int64 feedInMicro; // change of what the supplier owes for grid export
    uint64 heldBeforeMicro; // held for this meter and slot by the prior settlement (0 the first time)
    uint64 backingMicro; // filledLock + N after this settlement: the part of held that backs further corrections
    uint64 uncoveredBeforeMicro; // grid share charged by the prior settlement
    uint64 gridShareMicro; // grid import charge after this settlement, in all
}

/// @notice What a settlement changes for a supplier or grid operator. Micro-credits.
struct PartyPosting {
    address account;
    int64 communityMicro; // fees, escalation and remainders: into balance and held
    int64 surplusMicro; // change of surplusIn - surplusOut between suppliers; sums to zero over the parties
    uint64 accountingFeeMicro; // owed now to the accounting fees' account
}

/// @notice What is released for one home's meter after the final date. Micro-credits.
struct HomeRelease {
    address account;
    address supplier;
    uint64 heldMicro;
    uint64 gridCoveredMicro; // part of held that pays the grid share
}

/// @notice What is released for a supplier or grid operator after the final date. Micro-credits.
struct PartyRelease {
    address account;
    uint64 heldMicro;
}

/// @title ITradeEscrow
/// @notice The market's purse: every participant's credits, those that back orders (locked), those that settled
/// slots keep until their final date (held) and the free rest. All amounts in micro-credits.
/// @dev Always, per account: locked + held <= balance; over all accounts: sum of balances <= the contract's
/// credits. Free credits up to an account's arrears belong to its creditors: nobody can withdraw, lock or otherwise
/// spend them. Every rise of an account's free credits pays its creditors, oldest debt first, a bounded number per
/// call; `payArrears` by anyone does the rest. A creditor who is paid that way and has arrears too is not followed
/// up in the same call. The account word is the one store of balance, locked and held; its arrears mirror
/// `IArrears.totalOf`, because relaying, locking, withdrawing and posting all need to know whether an account has
/// arrears, and so read one word instead of calling another contract for each account; TradeEscrow writes both
/// sides in the same call, and nobody else can write either.
interface ITradeEscrow {
    /// @notice The changes of all accounts in one call. Their sums over all events are the accounts.
    /// @param area City (settlement of trades) or feeder (settlement of the rest) settled or released; 0: none.
    /// @param slot The slot; 0: none.
    /// @param movements Packed movements, two words each: account 160 | 88 zero bits | reason 8 (see MovementLog),
    /// then the int64 changes of balance, locked, held and arrears.
    event Moved(uint24 indexed area, uint32 indexed slot, bytes32[] movements);

    /// @notice The accounting fees' account was bound, once and for all.
    /// @param account The account that accounting fees are paid to.
    event FeesAccountBound(address indexed account);

    /// @notice A deposit or withdrawal of nothing.
    error TradeEscrowZeroAmount();

    /// @notice A deposit to, or a binding of, the zero address.
    error TradeEscrowZeroAccount();

    /// @notice The depositor is no active member or user.
    /// @param account The depositor.
    error TradeEscrowNotActive(address account);

    /// @notice With this deposit the escrow would hold more than 2^64-1 micro-credits.
    /// @param creditsMicro All credits of the contract.
    error TradeEscrowCapacity(uint256 creditsMicro);

    /// @notice A withdrawal from an account that owes others.
    /// @param account The account.
    /// @param arrearsMicro What it owes.
    error TradeEscrowInArrears(address account, uint256 arrearsMicro);

    /// @notice A withdrawal of more than is free above the reserve.
    /// @param account The account.
    /// @param withdrawableMicro What it may withdraw now.
    /// @param amountMicro What it asked for.
    error TradeEscrowAboveWithdrawable(address account, uint256 withdrawableMicro, uint256 amountMicro);

    /// @notice An order, contract or dispute that the account's free credits do not back.
    /// @param account The account.
    /// @param spendableMicro Free credits beyond the arrears.
    /// @param amountMicro Credits needed.
    error TradeEscrowFreeShort(address account, uint256 spendableMicro, uint256 amountMicro);

    /// @notice A caller with a role asked for more locked credits than the account has: a fault of the caller.
    /// @param account The account.
    /// @param lockedMicro What it has locked.
    /// @param amountMicro What was asked for.
    error TradeEscrowLockedShort(address account, uint256 lockedMicro, uint256 amountMicro);

    /// @notice A caller with a role asked for more held credits than the account or the slot has: a fault of the
    /// caller.
    /// @param account The account.
    /// @param heldMicro What it holds.
    /// @param amountMicro What was asked for.
    error TradeEscrowHeldShort(address account, uint256 heldMicro, uint256 amountMicro);

    /// @notice An account would not add up any more (locked + held <= balance < 2^64): a fault of the escrow
    /// itself, or amounts beyond all bounds. Nothing is written.
    /// @param account The account.
    /// @param balanceMicro What its balance would be, as a 256-bit word.
    /// @param lockedMicro What its locked credits would be.
    /// @param heldMicro What its held credits would be.
    error TradeEscrowAccountBroken(address account, uint256 balanceMicro, uint256 lockedMicro, uint256 heldMicro);

    /// @notice Postings that would create or destroy credits: a fault of the caller.
    /// @param communityMicro Sum of the community amounts of homes and parties; must be 0.
    /// @param surplusMicro Sum of the surplus amounts of the parties; must be 0.
    error TradeEscrowUnbalanced(int256 communityMicro, int256 surplusMicro);

    /// @notice Two arrays that belong together differ in length.
    /// @param accounts Length of the first.
    /// @param amounts Length of the second.
    error TradeEscrowLengthMismatch(uint256 accounts, uint256 amounts);

    /// @notice An accounting fee was posted before the fees' account was bound: the deployment is unfinished.
    error TradeEscrowFeesAccountUnbound();

    /// @notice The fees' account is bound already.
    /// @param account The account.
    error TradeEscrowFeesAccountBound(address account);

    /// @notice Moves credits of the caller, who allowed it, into the caller's account. Only active members and
    /// users: a suspended one can do nothing but withdraw. Arrears are paid first.
    /// @param amountMicro Micro-credits, above zero.
    function deposit(uint64 amountMicro) external;

    /// @notice Moves credits of the caller into somebody else's account. Safe, for it only ever adds: so an active
    /// account can pay the arrears of one that may not deposit any more.
    /// @param account Whose account; not zero. It need not be active.
    /// @param amountMicro Micro-credits, above zero.
    function depositFor(address account, uint64 amountMicro) external;

    /// @notice `deposit` with the caller's EIP-2612 permit. A permit that somebody else already submitted does no
    /// harm: what counts is the allowance that is then there.
    /// @param amountMicro Micro-credits, above zero; also the value of the permit.
    /// @param deadline Last second of the permit, Unix time.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature.
    function depositWithPermit(uint64 amountMicro, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Moves free credits of the caller out. Leaves the reserve of the current slot's rules for each meter
    /// that the caller uses, or gave away before its last slot with it was final (IDeviceRegistry.reservedMetersOf);
    /// refused while the caller has arrears. Suspended and expelled accounts withdraw like all others: their reserve
    /// stays as long as their meters do, for these go on taking power from the grid.
    /// @param amountMicro Micro-credits, above zero, at most `withdrawableOf(caller)`.
    function withdraw(uint64 amountMicro) external;

    /// @notice Pays an account's creditors out of its free credits. Anyone may call it.
    /// @param debtor The account in arrears.
    /// @param maxCreditors Places of the debtor's queue to go through at most; bounds the gas.
    /// @return paidMicro Micro-credits paid.
    function payArrears(address debtor, uint256 maxCreditors) external returns (uint64 paidMicro);

    /// @notice Says, once, which account accounting fees are paid to. Restricted (administration, at deployment).
    /// @param account The contract AccountingFees, or what takes its place.
    function bindFeesAccount(address account) external;

    /// @notice Locks free credits. Role MARKET. Reverts when the credits beyond the arrears are short.
    /// @param account Whose.
    /// @param amountMicro Micro-credits.
    /// @param slot The (first) slot that they back.
    function lock(address account, uint64 amountMicro, uint32 slot) external;

    /// @notice Frees locked credits; arrears are paid first. Role MARKET.
    /// @param accounts Whose; an account may stand there several times.
    /// @param amountsMicro Micro-credits of each; zero amounts are skipped.
    /// @param slot The (first) slot that they backed.
    function unlock(address[] calldata accounts, uint64[] calldata amountsMicro, uint32 slot) external;

    /// @notice Pays locked credits of one account into the free credits of others (a lost bond). Role MARKET.
    /// @param from Whose locked credits.
    /// @param to Who is paid; an account may stand there several times, `from` too.
    /// @param amountsMicro Micro-credits of each; zero amounts are skipped.
    /// @param slot The slot of the bond.
    function payLocked(address from, address[] calldata to, uint64[] calldata amountsMicro, uint32 slot) external;

    /// @notice Posts what a settlement changes. Role SETTLEMENT. Never reverts for lack of money: what an account
    /// cannot pay becomes a debt.
    /// @dev Per home, in the order given: (1) the filled lock moves from locked to held; (2) the community amount
    /// is added to balance and held; (3) feed-in: the supplier pays into held what it can and owes the rest; taken
    /// back, it comes from the slot's held money beyond the backing and the home owes the rest; (4) the part of the
    /// grid share that the slot's held money does not cover is due now, or refunded as far as it fell. What (3) and
    /// (4) leave due between the home and its supplier is set off and paid. Then the parties: community, surplus,
    /// accounting fees. A due is set off against what its payee owes its payer, then paid from the payer's free
    /// credits beyond its arrears, and the rest is a debt. Nothing is due to oneself. Held never falls below zero:
    /// the slot's held money of a meter is its filled lock + N + the feed-in that was paid, where N is the sum of
    /// all community amounts so far. A settlement keeps N >= -filledLock, since orders lock the worst that a
    /// delivery can cost, so (2) leaves at least the feed-in paid, and (3) takes no more than that. An account's
    /// held is the sum over its meters, slots and party shares, each of them never negative, whatever the order of
    /// the postings. Amounts that say otherwise are a fault of the caller and revert with TradeEscrowHeldShort.
    /// @param area City or feeder that is settled.
    /// @param slot The slot.
    /// @param homes One per meter that changes.
    /// @param parties Suppliers and grid operators; each once.
    /// @return heldMicro Per home, what is now held for that meter and slot.
    /// @return uncoveredMicro Per home, the grid share charged now and before, in all.
    function post(
        uint24 area,
        uint32 slot,
        HomePosting[] calldata homes,
        PartyPosting[] calldata parties
    ) external returns (uint64[] memory heldMicro, uint64[] memory uncoveredMicro);

    /// @notice Frees what a slot holds, after its final date: first the covered grid share to the supplier, the
    /// rest to the home. Role SETTLEMENT. Arrears are paid first.
    /// @param area City or feeder that is released.
    /// @param slot The slot.
    /// @param homes One per meter.
    /// @param parties Suppliers and grid operators.
    function release(uint24 area, uint32 slot, HomeRelease[] calldata homes, PartyRelease[] calldata parties) external;

    /// @notice An account as it stands.
    /// @param account The account.
    /// @return balanceMicro All its credits.
    /// @return lockedMicro Those that back orders, contracts and disputes.
    /// @return heldMicro Those that settled slots keep until their final date.
    /// @return arrearsMicro What it owes others.
    function accountOf(
        address account
    ) external view returns (uint64 balanceMicro, uint64 lockedMicro, uint64 heldMicro, uint64 arrearsMicro);

    /// @notice Credits neither locked nor held. Those up to the arrears are the creditors'.
    /// @param account The account.
    /// @return amountMicro Micro-credits.
    function freeOf(address account) external view returns (uint64 amountMicro);

    /// @notice What an account owes others.
    /// @param account The account.
    /// @return amountMicro Micro-credits.
    function arrearsOf(address account) external view returns (uint64 amountMicro);

    /// @notice What an account may withdraw now: 0 while it is in arrears.
    /// @param account The account.
    /// @return amountMicro Micro-credits.
    function withdrawableOf(address account) external view returns (uint64 amountMicro);

    /// @notice The account that accounting fees are paid to; zero until bound.
    /// @return account The account.
    function feesAccount() external view returns (address account);
}
