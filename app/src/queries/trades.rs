//! One trade with both its sides and what moved, and corrections of trades.

use sqlx::{Postgres, Transaction};
use zaraba_engine::command::TradeTerms;
use zaraba_engine::types::*;

use super::cursor::{self, List};
use super::{At, History, HistoryError, Page, fetch_limit, micros, page, timestamp};

/// One side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeParty {
    /// Whose order.
    pub account: AccountId,
    /// Which.
    pub order: OrderId,
}

/// A trade as it was made, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeRecord {
    /// Number.
    pub trade: TradeId,
    /// Where.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: TradeParty,
    /// Who sold.
    pub seller: TradeParty,
    /// Side of the taker.
    pub taker_side: Side,
    /// Whether neither took.
    pub auction: bool,
    /// Whether an odd-lot desk made it; the house's side then has no order.
    pub desk: bool,
    /// Asset of the fees.
    pub fee_asset: AssetId,
    /// As it was made.
    pub original: TradeTerms,
    /// Oldest first.
    pub corrections: Vec<CorrectionRow>,
    /// When it was made.
    pub at: Timestamp,
    /// By which command.
    pub seq: Seq,
}

impl TradeRecord {
    /// As it stands.
    pub fn present(&self) -> TradeTerms {
        self.corrections.last().map_or(self.original, |last| last.after)
    }
}

/// A correction of a trade.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectionRow {
    /// Of which trade.
    pub trade: TradeId,
    /// Which, from 1.
    pub number: u32,
    /// Where.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// How it stood.
    pub before: TradeTerms,
    /// How it stands since.
    pub after: TradeTerms,
    /// Who asked.
    pub actor: String,
    /// Who agreed; empty: no second person.
    pub approver: String,
    /// Under which request.
    pub request: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Its sequence.
    pub seq: Seq,
}

/// Which corrections.
#[derive(Clone, Debug, Default)]
pub struct CorrectionFilter {
    /// Only of this trade.
    pub trade: Option<TradeId>,
    /// Only with this account on either side.
    pub account: Option<AccountId>,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
}

struct RawCorrection {
    trade_id: i64,
    number: i32,
    seq: i64,
    at_us: i64,
    instrument_id: i32,
    buyer: i32,
    seller: i32,
    before_price: i64,
    before_quantity: i64,
    before_paid: i64,
    before_got: i64,
    before_buyer_fee: i64,
    before_seller_fee: i64,
    price: i64,
    quantity: i64,
    paid: i64,
    got: i64,
    buyer_fee: i64,
    seller_fee: i64,
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
}

impl From<RawCorrection> for CorrectionRow {
    fn from(raw: RawCorrection) -> CorrectionRow {
        CorrectionRow {
            trade: TradeId(raw.trade_id as u64),
            number: raw.number as u32,
            instrument: InstrumentId(raw.instrument_id as u32),
            buyer: AccountId(raw.buyer as u32),
            seller: AccountId(raw.seller as u32),
            before: TradeTerms {
                price: Price(raw.before_price),
                quantity: Quantity(raw.before_quantity),
                paid: Amount(raw.before_paid),
                got: Amount(raw.before_got),
                buyer_fee: Amount(raw.before_buyer_fee),
                seller_fee: Amount(raw.before_seller_fee),
            },
            after: TradeTerms {
                price: Price(raw.price),
                quantity: Quantity(raw.quantity),
                paid: Amount(raw.paid),
                got: Amount(raw.got),
                buyer_fee: Amount(raw.buyer_fee),
                seller_fee: Amount(raw.seller_fee),
            },
            actor: raw.actor,
            approver: raw.approver,
            request: raw.request_id,
            reason: raw.reason,
            at: timestamp(raw.at_us),
            seq: Seq(raw.seq as u64),
        }
    }
}

impl History {
    /// A trade by its number.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn trade(&self, trade: TradeId) -> Result<At<Option<TradeRecord>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, reached) = self.snapshot().await?;
            let first = trade.0 as i64 * 2;
            let sides = sqlx::query!(
                r#"SELECT fill_id, seq, order_id, account_id, instrument_id, side, price, quantity,
                       fee, fee_asset, liquidity,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!"
                   FROM trading.fills WHERE fill_id BETWEEN $1 AND $1 + 1 ORDER BY fill_id"#,
                first,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            // A desk's trade is one fill, the client's; it was the taker.
            let Some((maker, taker)) = sides.first().zip(sides.last()) else {
                return Ok(At { value: None, seq: reached });
            };
            let desk = sides.len() == 1;
            let moved = sqlx::query!(
                r#"SELECT coalesce(sum(-delta) FILTER (WHERE delta < 0), 0)::bigint AS "paid!",
                       coalesce(sum(delta) FILTER (WHERE delta > 0), 0)::bigint AS "got!"
                   FROM trading.ledger_entries
                   WHERE at = (SELECT at FROM trading.fills WHERE fill_id = $1) AND seq = $2
                     AND reference = $3 AND cause = 'trade' AND asset_id = $4"#,
                maker.fill_id,
                maker.seq,
                trade.0 as i64,
                maker.fee_asset,
            )
            .fetch_one(&mut *snapshot)
            .await?;
            let corrections = sqlx::query_as!(
                RawCorrection,
                r#"SELECT trade_id, number, seq,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", instrument_id,
                       buyer, seller, before_price, before_quantity, before_paid, before_got,
                       before_buyer_fee, before_seller_fee, price, quantity, paid, got,
                       buyer_fee, seller_fee, actor, approver, request_id, reason
                   FROM trading.corrections WHERE trade_id = $1 ORDER BY number"#,
                trade.0 as i64,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let taker_side = if taker.side == Side::Buy.as_str() { Side::Buy } else { Side::Sell };
            let (buy, sell) = match taker_side {
                Side::Buy => (taker, maker),
                Side::Sell => (maker, taker),
            };
            let party = |side: Side, account: i32, order: i64| match desk && side != taker_side {
                true => TradeParty { account: AccountId::HOUSE, order: OrderId(0) },
                false => {
                    TradeParty { account: AccountId(account as u32), order: OrderId(order as u64) }
                }
            };
            let record = TradeRecord {
                trade,
                instrument: InstrumentId(maker.instrument_id as u32),
                buyer: party(Side::Buy, buy.account_id, buy.order_id),
                seller: party(Side::Sell, sell.account_id, sell.order_id),
                taker_side,
                desk,
                auction: maker.liquidity == super::Liquidity::Auction.as_str(),
                fee_asset: AssetId(maker.fee_asset as u32),
                original: TradeTerms {
                    price: Price(maker.price),
                    quantity: Quantity(maker.quantity),
                    paid: Amount(moved.paid),
                    got: Amount(moved.got),
                    buyer_fee: Amount(buy.fee),
                    seller_fee: Amount(sell.fee),
                },
                corrections: corrections.into_iter().map(CorrectionRow::from).collect(),
                at: timestamp(maker.at_us),
                seq: Seq(maker.seq as u64),
            };
            Ok(At { value: Some(record), seq: reached })
        })
        .await
    }

    /// Corrections, newest first, at most `limit` (1 to [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn corrections(
        &self,
        filter: &CorrectionFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<CorrectionRow>, HistoryError> {
        let before = match cursor {
            Some(cursor) => Some(cursor::decode::<1>(List::Corrections, filter, cursor)?[0]),
            None => None,
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query_as!(
                RawCorrection,
                r#"SELECT trade_id, number, seq,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", instrument_id,
                       buyer, seller, before_price, before_quantity, before_paid, before_got,
                       before_buyer_fee, before_seller_fee, price, quantity, paid, got,
                       buyer_fee, seller_fee, actor, approver, request_id, reason
                   FROM trading.corrections
                   WHERE ($1::bigint IS NULL OR seq < $1)
                     AND ($2::bigint IS NULL OR trade_id = $2)
                     AND ($3::integer IS NULL OR buyer = $3 OR seller = $3)
                     AND ($4::integer IS NULL OR instrument_id = $4)
                     AND ($5::bigint IS NULL OR at >= to_timestamp($5::bigint / 1000000.0))
                     AND ($6::bigint IS NULL OR at < to_timestamp($6::bigint / 1000000.0))
                   ORDER BY seq DESC LIMIT $7"#,
                before,
                filter.trade.map(|trade| trade.0 as i64),
                filter.account.map(|account| account.0 as i32),
                filter.instrument.map(|instrument| instrument.0 as i32),
                filter.from.map(micros),
                filter.to.map(micros),
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let rows = rows.into_iter().map(CorrectionRow::from).collect();
            Ok(page(rows, limit, seq, |row: &CorrectionRow| {
                cursor::encode(List::Corrections, filter, &[row.seq.0 as i64])
            }))
        })
        .await
    }

    /// How these trades stand, those that were corrected.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn corrected(&self, trades: &[TradeId]) -> Result<Vec<CorrectionRow>, HistoryError> {
        let ids: Vec<i64> = trades.iter().map(|trade| trade.0 as i64).collect();
        self.bounded(async {
            let rows = sqlx::query_as!(
                RawCorrection,
                r#"SELECT DISTINCT ON (trade_id) trade_id, number, seq,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", instrument_id,
                       buyer, seller, before_price, before_quantity, before_paid, before_got,
                       before_buyer_fee, before_seller_fee, price, quantity, paid, got,
                       buyer_fee, seller_fee, actor, approver, request_id, reason
                   FROM trading.corrections WHERE trade_id = ANY($1)
                   ORDER BY trade_id, number DESC"#,
                &ids,
            )
            .fetch_all(&self.pool)
            .await?;
            Ok(rows.into_iter().map(CorrectionRow::from).collect())
        })
        .await
    }
}

/// Corrections of an account's trades with `after < seq <= to`.
pub(super) async fn account_corrections(
    snapshot: &mut Transaction<'static, Postgres>,
    account: AccountId,
    after: Seq,
    to: Seq,
    limit: i64,
) -> Result<Vec<CorrectionRow>, HistoryError> {
    let rows = sqlx::query_as!(
        RawCorrection,
        r#"SELECT trade_id, number, seq,
               (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", instrument_id,
               buyer, seller, before_price, before_quantity, before_paid, before_got,
               before_buyer_fee, before_seller_fee, price, quantity, paid, got,
               buyer_fee, seller_fee, actor, approver, request_id, reason
           FROM trading.corrections
           WHERE (buyer = $1 OR seller = $1) AND seq > $2 AND seq <= $3
           ORDER BY seq LIMIT $4"#,
        account.0 as i32,
        i64::try_from(after.0).unwrap_or(i64::MAX),
        to.0 as i64,
        limit,
    )
    .fetch_all(&mut **snapshot)
    .await?;
    Ok(rows.into_iter().map(CorrectionRow::from).collect())
}
