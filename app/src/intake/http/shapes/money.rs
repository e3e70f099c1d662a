//! Fills, what became of them, balances and the ledger, as the public contract has them.

use serde::Serialize;
use utoipa::ToSchema;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::BalanceState;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::amount;
use crate::live::Live;
use crate::market::private::Corrected;
use crate::market::text::{decimal, time};
use crate::queries::{CorrectionRow, FillRow, LedgerRow};

/// A fill.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fill)]
pub struct FillShape {
    fill_id: String,
    /// The trade; the fill of its other side has it, too (odd lots have none there).
    trade_id: String,
    order_id: String,
    symbol: String,
    /// `buy` or `sell`.
    side: &'static str,
    price: String,
    quantity: String,
    /// Negative: a rebate.
    fee: String,
    fee_asset: String,
    /// `maker`, `taker`, `auction`, or `desk` (odd lots).
    liquidity: &'static str,
    time: String,
    seq: u64,
    /// How the trade stands since it was corrected; null: as it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected: Option<CorrectedShape>,
}

/// A corrected trade as it stands, from one side.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Corrected)]
pub struct CorrectedShape {
    price: String,
    /// Zero when the trade was taken back.
    quantity: String,
    fee: String,
    /// Whether the trade was taken back whole.
    busted: bool,
    /// When it was last corrected.
    time: String,
}

impl CorrectedShape {
    fn of(
        (price, quantity, fee): (Price, Quantity, Amount),
        at: Timestamp,
        spec: &InstrumentSpec,
        fee_asset: &AssetSpec,
    ) -> CorrectedShape {
        CorrectedShape {
            price: decimal(i128::from(price.0), spec.price_digits),
            quantity: decimal(i128::from(quantity.0), spec.quantity_digits),
            fee: amount(fee, fee_asset),
            busted: quantity == Quantity::ZERO,
            time: time(at),
        }
    }
}

impl FillShape {
    /// With what became of its trade.
    pub fn corrected(mut self, fill: &FillRow, correction: &CorrectionRow, live: &Live) -> Self {
        let known = live.spec(fill.instrument).zip(live.asset(fill.fee_asset));
        let after = correction.after;
        let fee = if fill.side == Side::Buy { after.buyer_fee } else { after.seller_fee };
        let terms = (after.price, after.quantity, fee);
        self.corrected = known
            .map(|(spec, fee_asset)| CorrectedShape::of(terms, correction.at, &spec, &fee_asset));
        self
    }

    /// A fill in its instrument's units; `None` when that is not known.
    pub fn find(fill: &FillRow, live: &Live) -> Option<FillShape> {
        let spec = live.spec(fill.instrument)?;
        let fee_asset = live.asset(fill.fee_asset)?;
        Some(FillShape {
            fill_id: fill.fill_id.to_string(),
            trade_id: fill.trade.to_string(),
            order_id: fill.order.to_string(),
            symbol: spec.symbol.to_string(),
            side: fill.side.as_str(),
            price: decimal(i128::from(fill.price.0), spec.price_digits),
            quantity: decimal(i128::from(fill.quantity.0), spec.quantity_digits),
            fee: amount(fill.fee, &fee_asset),
            fee_asset: fee_asset.code.to_string(),
            liquidity: fill.liquidity.as_str(),
            time: time(fill.at),
            seq: fill.seq.0,
            corrected: None,
        })
    }
}

/// A trade that now stands otherwise, as one of its sides is told on the stream.
#[derive(Clone, Debug, Serialize)]
pub struct FillCorrectionShape {
    trade_id: String,
    /// Which correction of this trade, from 1.
    correction: u32,
    symbol: String,
    side: &'static str,
    #[serde(flatten)]
    now: CorrectedShape,
    fee_asset: String,
    seq: u64,
}

impl FillCorrectionShape {
    /// A correction in its instrument's units; `None` when that is not known.
    pub fn find(now: &Corrected, seq: Seq, live: &Live) -> Option<FillCorrectionShape> {
        let spec = live.spec(now.instrument)?;
        let fee_asset = live.asset(spec.quote_asset)?;
        Some(FillCorrectionShape {
            trade_id: now.trade.to_string(),
            correction: now.number,
            symbol: spec.symbol.to_string(),
            side: now.side.as_str(),
            now: CorrectedShape::of((now.price, now.quantity, now.fee), now.at, &spec, &fee_asset),
            fee_asset: fee_asset.code.to_string(),
            seq: seq.0,
        })
    }
}

/// A balance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceShape {
    /// Asset code.
    #[schema(example = "JPY")]
    pub asset: String,
    /// What the account owns.
    pub total: String,
    /// The part open orders can spend.
    pub locked: String,
    /// `total` - `locked`.
    pub available: String,
    /// Journal sequence it reflects.
    pub seq: u64,
}

impl BalanceShape {
    /// A balance in its asset's units; `None` when that is not known.
    pub fn find(balance: &BalanceState, seq: Seq, live: &Live) -> Option<BalanceShape> {
        let asset = live.asset(balance.asset)?;
        Some(BalanceShape {
            asset: asset.code.to_string(),
            total: amount(balance.total, &asset),
            locked: amount(balance.locked, &asset),
            available: decimal(
                i128::from(balance.total.0) - i128::from(balance.locked.0),
                asset.exponent,
            ),
            seq: seq.0,
        })
    }
}

/// A change of a balance's total.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub struct LedgerShape {
    /// `seq` and position in it: unique.
    entry_id: String,
    asset: String,
    /// The change.
    delta: String,
    /// Total after it.
    total: String,
    /// `trade`, `fee`, `rounding`, `deposit`, `withdraw`, `adjust`.
    cause: &'static str,
    /// The trade behind it.
    #[schema(required)]
    trade_id: Option<String>,
    /// The client's own id of a transfer.
    #[schema(required)]
    reference: Option<String>,
    time: String,
    seq: u64,
}

impl LedgerShape {
    /// An entry in its asset's units; `None` when that is not known.
    pub fn find(entry: &LedgerRow, live: &Live) -> Option<LedgerShape> {
        let asset = live.asset(entry.asset)?;
        Some(LedgerShape {
            entry_id: format!("{}.{}", entry.seq, entry.ordinal),
            asset: asset.code.to_string(),
            delta: amount(entry.delta, &asset),
            total: amount(entry.total, &asset),
            cause: entry.cause.as_str(),
            trade_id: (entry.reference != 0).then(|| entry.reference.to_string()),
            reference: entry.client_reference.clone(),
            time: time(entry.at),
            seq: entry.seq.0,
        })
    }
}
