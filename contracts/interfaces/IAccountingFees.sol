// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IAccountingFees
/// @notice What accountants are due for the slots settled in their blocks. All amounts in micro-credits.
/// @dev Settlement only ever calls `book`; the fees themselves are paid by TradeEscrow into the account of whoever
/// implements this (`ITradeEscrow.feesAccount`). A utility that is short pays later, so that for a while more may
/// be due than is there.
interface IAccountingFees {
    /// @notice An accounting fee was booked.
    /// @param accountant To whom it is due; zero: the pool of blocks that name nobody.
    /// @param amountMicro Micro-credits.
    event FeeBooked(address indexed accountant, uint64 amountMicro);

    /// @notice An accountant was paid.
    /// @param accountant Who was paid.
    /// @param amountMicro Micro-credits.
    event FeesClaimed(address indexed accountant, uint64 amountMicro);

    /// @notice Part of the pool was given to an accountant, who may now claim it.
    /// @param accountant To whom it is due now.
    /// @param amountMicro Micro-credits.
    event PoolAssigned(address indexed accountant, uint64 amountMicro);

    /// @notice A claim or assignment for the zero address, which stands for the pool.
    error AccountingFeesZeroAccountant();

    /// @notice Nothing can be paid now: nothing is due, or the fees' account is empty.
    /// @param accountant The accountant.
    /// @param dueMicro What is due to it.
    /// @param cashMicro What the fees' account has.
    error AccountingFeesNothingToPay(address accountant, uint64 dueMicro, uint64 cashMicro);

    /// @notice An assignment of more than the pool is due.
    /// @param poolMicro What the pool is due.
    /// @param amountMicro What was to be assigned.
    error AccountingFeesAbovePool(uint64 poolMicro, uint64 amountMicro);

    /// @notice Books a fee. Role SETTLEMENT.
    /// @param accountant `block.coinbase` of the settling block; zero: nobody is named, the fee goes to the pool.
    /// @param amountMicro Micro-credits; nothing happens for 0.
    function book(address accountant, uint64 amountMicro) external;

    /// @notice Pays an accountant what it is due, as far as the fees' account has it; the rest stays due. Anyone
    /// may call it: the credits go to the accountant.
    /// @param accountant Whose fees; not zero.
    /// @return paidMicro Micro-credits sent to the accountant's address.
    function claim(address accountant) external returns (uint64 paidMicro);

    /// @notice Gives part of the pool to an accountant. Role COUNCIL.
    /// @param accountant To whom; not zero.
    /// @param amountMicro Micro-credits, at most what the pool is due.
    function assignPool(address accountant, uint64 amountMicro) external;

    /// @notice What an accountant is still due.
    /// @param accountant The accountant; zero: the pool.
    /// @return dueMicro Micro-credits.
    function dueOf(address accountant) external view returns (uint64 dueMicro);
}
