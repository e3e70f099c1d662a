//! Trades: one with its history, corrected or taken back, and what that would move.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::command::{Correction, TradeTerms};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::accounts::known;
use super::guard::{Change, Question};
use super::instruments::units;
use super::{accepted, submit};
use crate::intake::http::cancel::instrument_of;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Params, Segment};
use crate::intake::http::fields::{self, Given};
use crate::intake::http::history::{limit_of, time_of};
use crate::intake::http::shapes::{List, amount};
use crate::market::text::{decimal, time};
use crate::platform::Platform;
use crate::queries::{CorrectionFilter, CorrectionRow, TradeParty, TradeRecord};

/// What a trade is, as it was made or as it stands.
#[derive(Serialize)]
struct Terms {
    price: String,
    quantity: String,
    /// Taken back whole.
    busted: bool,
    buyer: Party,
    seller: Party,
    fee_asset: String,
}

#[derive(Serialize)]
struct Party {
    account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    fee: String,
    /// What moved in the quote asset, the fee included: out of the buyer, into the seller.
    amount: String,
}

/// A correction.
#[derive(Serialize)]
pub(super) struct CorrectionShape {
    correction: u32,
    trade_id: String,
    symbol: String,
    before: Terms,
    after: Terms,
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
    time: String,
    seq: u64,
}

/// A trade and what became of it.
#[derive(Serialize)]
pub(super) struct TradeShape {
    trade_id: String,
    symbol: String,
    taker_side: &'static str,
    auction: bool,
    /// Made by an odd-lot desk.
    desk: bool,
    original: Terms,
    present: Terms,
    corrections: Vec<CorrectionShape>,
    time: String,
    seq: u64,
}

fn code_of(platform: &Platform, account: AccountId) -> String {
    let state = platform.live.account_state(account);
    state.map(|state| state.code.to_string()).unwrap_or_default()
}

fn terms(
    platform: &Platform,
    spec: &InstrumentSpec,
    (buyer, seller): (TradeParty, TradeParty),
    settled: &TradeTerms,
) -> Terms {
    let quote = platform.live.asset(spec.quote_asset);
    let money = |units: i64| quote.map(|asset| amount(Amount(units), &asset)).unwrap_or_default();
    let party = |party: TradeParty, fee: Amount, moved: i64| Party {
        account: code_of(platform, party.account),
        order_id: (party.order.0 != 0).then(|| party.order.to_string()),
        fee: money(fee.0),
        amount: money(moved),
    };
    let (paid, got) = (settled.paid.0 + settled.buyer_fee.0, settled.got.0 - settled.seller_fee.0);
    Terms {
        price: decimal(settled.price.0.into(), spec.price_digits),
        quantity: decimal(settled.quantity.0.into(), spec.quantity_digits),
        busted: settled.quantity == Quantity::ZERO,
        buyer: party(buyer, settled.buyer_fee, paid),
        seller: party(seller, settled.seller_fee, got),
        fee_asset: quote.map(|asset| asset.code.to_string()).unwrap_or_default(),
    }
}

fn correction_shape(platform: &Platform, row: &CorrectionRow) -> Option<CorrectionShape> {
    let spec = platform.live.spec(row.instrument)?;
    let party = |account| TradeParty { account, order: OrderId(0) };
    let parties = (party(row.buyer), party(row.seller));
    Some(CorrectionShape {
        correction: row.number,
        trade_id: row.trade.to_string(),
        symbol: spec.symbol.to_string(),
        before: terms(platform, &spec, parties, &row.before),
        after: terms(platform, &spec, parties, &row.after),
        actor: row.actor.clone(),
        approver: row.approver.clone(),
        request_id: row.request.clone(),
        reason: row.reason.clone(),
        time: time(row.at),
        seq: row.seq.0,
    })
}

fn trade_shape(platform: &Platform, spec: &InstrumentSpec, record: &TradeRecord) -> TradeShape {
    let parties = (record.buyer, record.seller);
    TradeShape {
        trade_id: record.trade.to_string(),
        symbol: spec.symbol.to_string(),
        taker_side: record.taker_side.as_str(),
        auction: record.auction,
        desk: record.desk,
        original: terms(platform, spec, parties, &record.original),
        present: terms(platform, spec, parties, &record.present()),
        corrections: record
            .corrections
            .iter()
            .filter_map(|row| correction_shape(platform, row))
            .collect(),
        time: time(record.at),
        seq: record.seq.0,
    }
}

/// Longest wait for the projection to have a trade or a correction that was acknowledged.
const CATCH_UP: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// A trade as it was made and as it stands, with every correction that was acknowledged. Most are
/// old and in the tables, so that nothing is waited for; only a trade, or a correction of this
/// trade, that is newer than the tables is.
async fn find(platform: &Platform, id: &str) -> ApiResult<(TradeRecord, InstrumentSpec)> {
    let number = id.parse::<u64>().ok().filter(|id| (1..1 << 62).contains(id));
    let trade = number.map(TradeId).ok_or_else(|| ApiError::plain(Code::TradeNotFound))?;
    if trade > platform.live.last_trade() {
        return Err(ApiError::plain(Code::TradeNotFound));
    }
    let corrections = platform.questions.correction(trade).await?.1.map_or(0, |it| it.number);
    let wait = async {
        loop {
            match platform.history.trade(trade).await?.value {
                Some(found) if found.corrections.len() >= corrections as usize => {
                    return Ok(found);
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    };
    let found = tokio::time::timeout(CATCH_UP, wait).await;
    let record = found.unwrap_or_else(|_| {
        let message = "the trade is too new for the database, which is behind; try again";
        Err(ApiError::new(Code::HistoryUnavailable, message))
    })?;
    let spec = platform.live.spec(record.instrument);
    Ok((record, spec.ok_or_else(|| ApiError::plain(Code::UnknownInstrument))?))
}

/// One trade.
pub(super) async fn one(
    State(platform): State<Platform>,
    Segment(id): Segment,
    _: NoParams,
) -> ApiResult<Json<TradeShape>> {
    let (record, spec) = find(&platform, &id).await?;
    Ok(Json(trade_shape(&platform, &spec, &record)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTerms<'a> {
    #[serde(borrow)]
    price: Option<Given<'a>>,
    #[serde(borrow)]
    quantity: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

fn correction(record: &TradeRecord, price: Price, quantity: Quantity) -> Correction {
    Correction {
        trade: record.trade,
        instrument: record.instrument,
        buyer: record.buyer.account,
        seller: record.seller.account,
        before: record.present(),
        price,
        quantity,
        desk: record.desk,
    }
}

impl NewTerms<'_> {
    fn correction(&self, record: &TradeRecord, spec: &InstrumentSpec) -> ApiResult<Correction> {
        if self.price.is_none() && self.quantity.is_none() {
            let message = "a correction has a price, a quantity or both";
            return Err(ApiError::new(Code::MissingField, message).field("price"));
        }
        let present = record.present();
        let price = match &self.price {
            Some(given) => Price(units(given, "price", spec.price_digits, Code::InvalidPrice)?),
            None => present.price,
        };
        let quantity = match &self.quantity {
            Some(given) => {
                let digits = spec.quantity_digits;
                Quantity(units(given, "quantity", digits, Code::InvalidQuantity)?)
            }
            None => present.quantity,
        };
        if quantity <= Quantity::ZERO {
            let message =
                "the quantity that is to stand is above zero; to take it back whole, bust it";
            return Err(ApiError::new(Code::InvalidQuantity, message).field("quantity"));
        }
        Ok(correction(record, price, quantity))
    }
}

/// Corrects a trade.
pub(super) async fn correct(
    State(platform): State<Platform>,
    Segment(id): Segment,
    change: Change,
) -> ApiResult<Json<TradeShape>> {
    let body: NewTerms<'_> = fields::read(&change.body)?;
    let by = change.because(&body.reason)?;
    let (record, spec) = find(&platform, &id).await?;
    let correction = body.correction(&record, &spec)?;
    carry_out(&platform, Command::CorrectTrade { correction: Box::new(correction), by }).await?;
    one(State(platform), Segment(id), NoParams).await
}

/// Takes a trade back.
pub(super) async fn bust(
    State(platform): State<Platform>,
    Segment(id): Segment,
    change: Change,
) -> ApiResult<Json<TradeShape>> {
    let body: Why<'_> = fields::read(&change.body)?;
    let by = change.because(&body.reason)?;
    let (record, _) = find(&platform, &id).await?;
    let correction = correction(&record, record.present().price, Quantity::ZERO);
    carry_out(&platform, Command::CorrectTrade { correction: Box::new(correction), by }).await?;
    one(State(platform), Segment(id), NoParams).await
}

async fn carry_out(platform: &Platform, command: Command) -> ApiResult<()> {
    let receipt = submit(platform, command).await?;
    accepted(&receipt)?;
    let done = receipt.events().iter().any(|event| matches!(event, Event::TradeCorrected(_)));
    done.then_some(()).ok_or_else(|| ApiError::plain(Code::InternalError))
}

/// What a correction would change.
#[derive(Serialize)]
pub(super) struct Preview {
    before: Terms,
    after: Option<Terms>,
    balances: Vec<Moved>,
    refusal: Option<&'static str>,
    seq: u64,
}

#[derive(Serialize)]
struct Moved {
    account: String,
    asset: String,
    before: String,
    after: String,
    delta: String,
}

fn preview(
    platform: &Platform,
    record: &TradeRecord,
    spec: &InstrumentSpec,
    correction: &Correction,
) -> ApiResult<Json<Preview>> {
    let asset = |id| platform.live.asset(id).ok_or_else(|| ApiError::plain(Code::UnknownAsset));
    let (base, quote) = (asset(spec.base_asset)?, asset(spec.quote_asset)?);
    let seq = platform.live.seq();
    let balance = |account, asset| {
        let all = platform.live.balances(account);
        all.iter().find(|b| b.asset == asset).map_or((0, 0), |b| (b.total.0, b.locked.0))
    };
    let round_to = platform.live.rules(|rules| {
        rules.odd_lot_terms.get(&record.instrument).map_or(Amount(0), |terms| terms.round_to)
    });
    let outlook = zaraba_engine::correction_outlook(
        spec,
        (base.exponent, quote.exponent, round_to),
        correction,
        &record.original,
        balance,
    );
    let parties = (record.buyer, record.seller);
    let moved = |change: &zaraba_engine::BalanceOutlook| {
        let spec = if change.asset == spec.base_asset { &base } else { &quote };
        Moved {
            account: code_of(platform, change.account),
            asset: spec.code.to_string(),
            before: amount(change.before, spec),
            after: amount(change.after, spec),
            delta: amount(Amount(change.after.0 - change.before.0), spec),
        }
    };
    Ok(Json(Preview {
        before: terms(platform, spec, parties, &correction.before),
        after: outlook.after.map(|after| terms(platform, spec, parties, &after)),
        balances: outlook.balances.iter().map(moved).collect(),
        refusal: outlook.refusal.map(|reject| reject.code()),
        seq: seq.0,
    }))
}

/// What correcting a trade would do.
pub(super) async fn preview_correct(
    State(platform): State<Platform>,
    Segment(id): Segment,
    Question(body): Question,
) -> ApiResult<Json<Preview>> {
    let body: NewTerms<'_> = fields::read(&body)?;
    let (record, spec) = find(&platform, &id).await?;
    let correction = body.correction(&record, &spec)?;
    preview(&platform, &record, &spec, &correction)
}

/// What taking a trade back would do.
pub(super) async fn preview_bust(
    State(platform): State<Platform>,
    Segment(id): Segment,
    Question(body): Question,
) -> ApiResult<Json<Preview>> {
    let _: Why<'_> = fields::read(&body)?;
    let (record, spec) = find(&platform, &id).await?;
    let correction = correction(&record, record.present().price, Quantity::ZERO);
    preview(&platform, &record, &spec, &correction)
}

/// Which corrections.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectionsQuery {
    account: Option<String>,
    symbol: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// Corrections, newest first.
pub(super) async fn corrections(
    State(platform): State<Platform>,
    Params(query): Params<CorrectionsQuery>,
) -> ApiResult<Json<List<CorrectionShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let account = query.account.as_deref().map(|code| known(&platform, code)).transpose()?;
    let filter = CorrectionFilter {
        trade: None,
        account,
        instrument: instrument_of(&platform, query.symbol.as_deref())?,
        from: time_of("from", query.from.as_deref())?,
        to: time_of("to", query.to.as_deref())?,
    };
    let page = platform.history.corrections(&filter, query.cursor.as_deref(), limit).await?;
    let items = page.items.iter().filter_map(|row| correction_shape(&platform, row)).collect();
    Ok(Json(List { items, next_cursor: page.next_cursor, seq: page.seq.0 }))
}
