//! Movements of value that are not trades, and trades that are to stand otherwise.

use crate::types::*;

/// How a trade was settled, or is: minor units of the quote asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeTerms {
    /// At which price.
    pub price: Price,
    /// How much; zero: the trade was taken back whole.
    pub quantity: Quantity,
    /// What the buyer paid, without the fee.
    pub paid: Amount,
    /// What the seller received, the fee not yet taken off.
    pub got: Amount,
    /// Fee of the buyer; negative: a rebate.
    pub buyer_fee: Amount,
    /// Fee of the seller; negative: a rebate.
    pub seller_fee: Amount,
}

/// A trade that is to stand otherwise, or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Correction {
    /// Which trade.
    pub trade: TradeId,
    /// Where it was made.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// How it stands, which must be so.
    pub before: TradeTerms,
    /// At which price it is to stand.
    pub price: Price,
    /// How much of it is to stand, at most what was traded; zero: nothing.
    pub quantity: Quantity,
    /// Whether an odd-lot desk made it: one party is the house, and the other's side is rounded to
    /// the desk's unit.
    pub desk: bool,
}

code!(/// Which way value moves between an account and a system account.
TransferKind {
    /// From `OUTSIDE` to the account; amount above zero.
    Deposit = 0 => "deposit",
    /// From the account to `OUTSIDE`; amount above zero, at most what is available.
    Withdraw = 1 => "withdraw",
    /// Between the account and `HOUSE`: amount is signed from the account's view; neither
    /// side may end below what it has locked.
    Adjust = 2 => "adjust",
});

/// A movement of value that is not a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Which way.
    pub kind: TransferKind,
    /// Whose balance.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// How much, in minor units.
    pub amount: Amount,
    /// Unique per account (a space apart from order ids): a repeat gets the first answer.
    pub reference: ClientId,
}
