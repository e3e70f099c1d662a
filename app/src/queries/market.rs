//! What the market room reads: newest trades and candles to warm up with after a start,
//! and balances that changed, for `resume`.

use zaraba_engine::engine::BalanceState;
use zaraba_engine::types::*;

use super::rows::{Liquidity, word};
use super::{At, History, HistoryError, MAX_LIMIT, micros, timestamp};

/// A balance as it stands in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// The balance.
    pub balance: BalanceState,
    /// Sequence of its last change.
    pub seq: Seq,
}

/// A trade, as everyone may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// Number.
    pub trade: TradeId,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Side of the taker; buy where neither side took.
    pub taker_side: Side,
    /// Whether it was in an auction.
    pub auction: bool,
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Sequence of the command that traded.
    pub seq: Seq,
}

/// An auction as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuctionRow {
    /// Where.
    pub instrument: InstrumentId,
    /// Which.
    pub kind: AuctionKind,
    /// How it ended.
    pub end: AuctionEnd,
    /// At which price; zero: none.
    pub price: Price,
    /// How much traded.
    pub quantity: Quantity,
    /// The imbalance it left.
    pub surplus: Quantity,
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Sequence of the command that held it.
    pub seq: Seq,
}

/// Trades of one instrument within one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleRow {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// When the stretch began.
    pub start: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Sum of quantities.
    pub volume: i128,
    /// Sum of price x quantity.
    pub turnover: i128,
    /// Number of trades.
    pub trades: u64,
}

/// Which candles to make from the fills.
#[derive(Clone, Copy, Debug)]
pub struct CandleRequest<'a> {
    /// Of these instruments.
    pub instruments: &'a [InstrumentId],
    /// Length in nanoseconds; whole microseconds.
    pub length_ns: u64,
    /// How far stretches begin before those aligned to UTC, in nanoseconds.
    pub shift_ns: u64,
    /// From trades at or after this.
    pub since: Timestamp,
    /// From trades up to this one.
    pub up_to: TradeId,
}

impl History {
    /// An account's balances whose last change is after `after` and not after `to`.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn balances_after(
        &self,
        account: AccountId,
        after: Seq,
        to: Seq,
    ) -> Result<Vec<BalanceRow>, HistoryError> {
        self.bounded(async {
            let rows = sqlx::query!(
                r#"SELECT asset_id, total, locked, seq FROM trading.balances
                   WHERE account_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, asset_id"#,
                account.0 as i32,
                i64::try_from(after.0).unwrap_or(i64::MAX),
                i64::try_from(to.0).unwrap_or(i64::MAX),
            )
            .fetch_all(&self.pool)
            .await?;
            let read = rows.into_iter().map(|row| BalanceRow {
                balance: BalanceState {
                    account,
                    asset: AssetId(row.asset_id as u32),
                    total: Amount(row.total),
                    locked: Amount(row.locked),
                },
                seq: Seq(row.seq as u64),
            });
            Ok(read.collect())
        })
        .await
    }

    /// The newest `limit` (1 to [`MAX_LIMIT`]) trades of an instrument up to a trade,
    /// oldest first.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn trades_before(
        &self,
        instrument: InstrumentId,
        up_to: TradeId,
        limit: usize,
    ) -> Result<Vec<TradeRow>, HistoryError> {
        self.bounded(async {
            let rows = sqlx::query!(
                r#"SELECT trade_id, side, price, quantity, liquidity,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", seq
                   FROM trading.fills
                   WHERE instrument_id = $1 AND fill_id % 2 = 1 AND liquidity <> 'desk'
                     AND trade_id <= $2
                   ORDER BY at DESC, fill_id DESC LIMIT $3"#,
                instrument.0 as i32,
                up_to.0 as i64,
                limit.clamp(1, MAX_LIMIT) as i64,
            )
            .fetch_all(&self.pool)
            .await?;
            let read = rows.into_iter().rev().map(|row| TradeRow {
                trade: TradeId(row.trade_id as u64),
                price: Price(row.price),
                quantity: Quantity(row.quantity),
                taker_side: if row.side == Side::Buy.as_str() { Side::Buy } else { Side::Sell },
                auction: row.liquidity == Liquidity::Auction.as_str(),
                at: timestamp(row.at_us),
                seq: Seq(row.seq as u64),
            });
            Ok(read.collect())
        })
        .await
    }

    /// Auctions, newest first: the last `limit` (1 to [`MAX_LIMIT`]) of an instrument or of all,
    /// at or after `from` and before `to`.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn auctions(
        &self,
        instrument: Option<InstrumentId>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<At<Vec<AuctionRow>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, reached) = self.snapshot().await?;
            let rows = sqlx::query!(
                r#"SELECT seq, instrument_id, kind, outcome, price, quantity, surplus,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!"
                   FROM trading.auctions
                   WHERE ($1::integer IS NULL OR instrument_id = $1)
                     AND ($2::bigint IS NULL OR at >= to_timestamp($2::bigint / 1000000.0))
                     AND ($3::bigint IS NULL OR at < to_timestamp($3::bigint / 1000000.0))
                   ORDER BY seq DESC, ordinal DESC LIMIT $4"#,
                instrument.map(|i| i.0 as i32),
                from.map(micros),
                to.map(micros),
                limit.clamp(1, MAX_LIMIT) as i64,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let mut value = Vec::with_capacity(rows.len());
            for row in rows {
                let damaged = |why| HistoryError::Damaged {
                    what: format!("auction of sequence {}", row.seq),
                    why,
                };
                value.push(AuctionRow {
                    instrument: InstrumentId(row.instrument_id as u32),
                    kind: word("kind", &row.kind, AuctionKind::ALL, AuctionKind::as_str)
                        .map_err(damaged)?,
                    end: word("outcome", &row.outcome, AuctionEnd::ALL, AuctionEnd::as_str)
                        .map_err(damaged)?,
                    price: Price(row.price),
                    quantity: Quantity(row.quantity),
                    surplus: Quantity(row.surplus),
                    at: timestamp(row.at_us),
                    seq: Seq(row.seq as u64),
                });
            }
            Ok(At { value, seq: reached })
        })
        .await
    }

    /// Why instruments are halted that are, as far as the tables have reached.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn halt_reasons(&self) -> Result<Vec<(InstrumentId, String)>, HistoryError> {
        self.bounded(async {
            let rows = sqlx::query!(
                r#"SELECT instrument_id, halt_reason AS "reason!" FROM trading.instruments
                   WHERE halt_reason IS NOT NULL ORDER BY instrument_id"#
            )
            .fetch_all(&self.pool)
            .await?;
            let read =
                rows.into_iter().map(|row| (InstrumentId(row.instrument_id as u32), row.reason));
            Ok(read.collect())
        })
        .await
    }

    /// Candles made from fills, by instrument and time.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn candles(
        &self,
        request: CandleRequest<'_>,
    ) -> Result<Vec<CandleRow>, HistoryError> {
        let ids: Vec<i32> = request.instruments.iter().map(|id| id.0 as i32).collect();
        let (length_us, shift_us) =
            ((request.length_ns / 1_000).max(1) as i64, (request.shift_ns / 1_000) as i64);
        self.bounded(async {
            let rows = sqlx::query!(
                r#"WITH prints AS (
                       SELECT instrument_id, trade_id, price, quantity,
                           ((extract(epoch FROM at) * 1000000)::bigint + $2) / $1 AS number
                       FROM trading.fills
                       WHERE fill_id % 2 = 1 AND liquidity <> 'desk' AND instrument_id = ANY($3)
                         AND at >= to_timestamp($4::bigint / 1000000.0) AND trade_id <= $5)
                   SELECT instrument_id, number AS "number!",
                       (array_agg(price ORDER BY trade_id))[1] AS "open!",
                       max(price) AS "high!", min(price) AS "low!",
                       (array_agg(price ORDER BY trade_id DESC))[1] AS "close!",
                       sum(quantity)::text AS "volume!",
                       sum(price::numeric * quantity)::text AS "turnover!",
                       count(*) AS "trades!"
                   FROM prints GROUP BY instrument_id, number ORDER BY instrument_id, number"#,
                length_us,
                shift_us,
                &ids,
                micros(request.since),
                request.up_to.0 as i64,
            )
            .fetch_all(&self.pool)
            .await?;
            let sum = |text: &str| {
                text.parse::<i128>().map_err(|_| HistoryError::Damaged {
                    what: "fills".to_owned(),
                    why: format!("their sum is {text}"),
                })
            };
            let mut candles = Vec::with_capacity(rows.len());
            for row in rows {
                candles.push(CandleRow {
                    instrument: InstrumentId(row.instrument_id as u32),
                    start: timestamp(row.number * length_us - shift_us),
                    open: Price(row.open),
                    high: Price(row.high),
                    low: Price(row.low),
                    close: Price(row.close),
                    volume: sum(&row.volume)?,
                    turnover: sum(&row.turnover)?,
                    trades: row.trades as u64,
                });
            }
            Ok(candles)
        })
        .await
    }
}
