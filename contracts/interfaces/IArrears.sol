// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IArrears
/// @notice The debts between escrow accounts: a home's unpaid grid share (creditor: its supplier) and a utility's
/// unpaid dues (creditors: homes, other suppliers, the accounting fees) are the same thing. All amounts in
/// micro-credits.
/// @dev Creditors of one debtor stand in a queue by the age of their oldest unpaid debt; what is added to a
/// creditor who stands in it keeps that creditor's place. So a queue has at most as many places as there are
/// creditors, a debt can be found and set off in constant time, and it costs one new storage word. No two accounts
/// ever owe each other: what TradeEscrow charges is set off first. Only TradeEscrow writes, which moves the money; it
/// is bound once, at deployment.
interface IArrears {
    /// @notice A debt came into being, or grew.
    /// @param debtor Who owes.
    /// @param creditor To whom.
    /// @param amountMicro Micro-credits added.
    event DebtRecorded(address indexed debtor, address indexed creditor, uint64 amountMicro);

    /// @notice A debt was paid, in full or in part.
    /// @param debtor Who owed.
    /// @param creditor Who was paid.
    /// @param amountMicro Micro-credits paid.
    event DebtPaid(address indexed debtor, address indexed creditor, uint64 amountMicro);

    /// @notice A debt was set off against something that the creditor owed the debtor.
    /// @param debtor Who owed.
    /// @param creditor To whom.
    /// @param amountMicro Micro-credits set off.
    event DebtNetted(address indexed debtor, address indexed creditor, uint64 amountMicro);

    /// @notice The escrow that writes this ledger was bound.
    /// @param escrow TradeEscrow.
    event EscrowBound(address indexed escrow);

    /// @notice The escrow is bound already.
    /// @param escrow Which it is.
    error ArrearsEscrowBound(address escrow);

    /// @notice Only the bound escrow writes debts.
    /// @param caller Who tried.
    error ArrearsNotEscrow(address caller);

    /// @notice A debt of nothing.
    error ArrearsZeroAmount();

    /// @notice A debt to oneself.
    /// @param account Debtor and creditor.
    error ArrearsSelfDebt(address account);

    /// @notice A debt to the zero address.
    /// @param debtor Who would owe.
    error ArrearsZeroCreditor(address debtor);

    /// @notice Says, once, which escrow writes this ledger. Administration.
    /// @param writer TradeEscrow.
    function bindEscrow(address writer) external;

    /// @notice Records a debt to a creditor that owes nobody anything. The escrow only, as all that follow.
    /// @param debtor Who owes.
    /// @param creditor To whom; neither the debtor nor the zero address. One with debts of its own is for `charge`.
    /// @param amountMicro Micro-credits, above zero.
    function record(address debtor, address creditor, uint64 amountMicro) external;

    /// @notice Books what is due to a creditor that may itself owe the debtor: that debt is set off first, then the
    /// debtor's cash counts, and what neither covers becomes a debt.
    /// @param debtor Who is to pay.
    /// @param creditor Whom; neither the debtor nor the zero address.
    /// @param dueMicro Micro-credits that are due.
    /// @param cashMicro Micro-credits that the debtor can pay of it. The escrow moves min(cashMicro, dueMicro -
    /// nettedMicro).
    /// @return nettedMicro Micro-credits that were set off: min(what the creditor owed the debtor, dueMicro).
    function charge(
        address debtor,
        address creditor,
        uint64 dueMicro,
        uint64 cashMicro
    ) external returns (uint64 nettedMicro);

    /// @notice Pays creditors in the order of the queue.
    /// @param debtor Who owes.
    /// @param cashMicro Micro-credits to pay at most.
    /// @param maxCreditors Places of the queue to go through at most.
    /// @return creditors Who is paid, in order.
    /// @return amountsMicro What each is paid; the sum is at most `cashMicro`.
    function pay(
        address debtor,
        uint64 cashMicro,
        uint256 maxCreditors
    ) external returns (address[] memory creditors, uint64[] memory amountsMicro);

    /// @notice Who writes this ledger.
    /// @return escrow TradeEscrow; zero: not bound yet.
    function escrow() external view returns (address escrow);

    /// @notice All that an account owes.
    /// @param debtor The account.
    /// @return totalMicro Micro-credits.
    function totalOf(address debtor) external view returns (uint64 totalMicro);

    /// @notice What one account owes another.
    /// @param debtor Who owes.
    /// @param creditor To whom.
    /// @return amountMicro Micro-credits.
    function debtTo(address debtor, address creditor) external view returns (uint64 amountMicro);

    /// @notice How many places an account's queue has: its creditors, and places whose debt was set off and that a
    /// payment only passes by. As many are enough for `pay` and `ITradeEscrow.payArrears` to get to everyone.
    /// @param debtor The account.
    /// @return places The number; 0 when it owes nothing.
    function placesOf(address debtor) external view returns (uint256 places);

    /// @notice An account's creditors in the order in which they are paid.
    /// @param debtor The account.
    /// @param maxCreditors Places of the queue to go through at most.
    /// @return creditors The creditors.
    /// @return amountsMicro What each is owed, micro-credits; above zero.
    function debtsOf(
        address debtor,
        uint256 maxCreditors
    ) external view returns (address[] memory creditors, uint64[] memory amountsMicro);
}
