//! What people set on an instrument beyond its definition: halts by kind and side, circuit
//! breaker, call auctions begun by hand, tick table, listed shares, odd-lot terms; and the fees
//! by volume of a quote asset.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::command::{Breaker, FEE_TIERS_MAX, FeeTier, FeeTiers, OddLotTerms, Provenance};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Reject};

use super::guard::{Change, Question};
use super::instruments::{asset_of, known, quantity_or_none, ticks, units, whole};
use super::{accepted, submit};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, Object, choice, required, word};
use crate::intake::http::instruments::find;
use crate::intake::http::shapes::{InstrumentShape, amount};
use crate::market::shapes::HALTS;
use crate::market::text::decimal;
use crate::platform::Platform;

fn instrument(platform: &Platform, symbol: &str) -> ApiResult<(InstrumentId, InstrumentSpec)> {
    let id = known(platform, symbol)?;
    let spec = platform.live.spec(id);
    Ok((id, spec.ok_or_else(|| ApiError::plain(Code::UnknownInstrument).field("symbol"))?))
}

/// Who gives a definition and why, from its reason.
pub(super) type Giver<'a> = &'a dyn Fn(&Option<Given<'_>>) -> ApiResult<Box<Provenance>>;
/// A definition as given.
pub(super) type Read = ApiResult<Command>;
/// Reads the definition of an instrument with this symbol from a body.
pub(super) type Reader = fn(&Platform, &str, &[u8], Giver<'_>) -> Read;

/// Sets what `read` finds in the body on an instrument.
pub(super) async fn set(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    change: Change,
    read: Reader,
) -> ApiResult<Json<InstrumentShape>> {
    let by = |reason: &Option<Given<'_>>| change.because(reason);
    let command = read(&platform, &symbol, &change.body, &by)?;
    changed(&platform, &symbol, command).await
}

/// Whether a definition would be taken.
#[derive(Serialize)]
pub(super) struct Tried {
    /// What it would be refused with; null: it would be taken.
    refusal: Option<&'static str>,
    seq: u64,
}

/// Asks the engine whether it would take a definition; changes nothing.
pub(super) async fn tried(platform: &Platform, definition: Command) -> ApiResult<Json<Tried>> {
    let (seq, refusal) = platform.questions.would_refuse(definition).await?;
    Ok(Json(Tried { refusal: refusal.map(Reject::code), seq: seq.0 }))
}

/// Tries what `read` finds in the body; it needs no reason.
pub(super) async fn preview(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    Question(body): Question,
    read: Reader,
) -> ApiResult<Json<Tried>> {
    tried(&platform, read(&platform, &symbol, &body, &nobody)?).await
}

/// Gives a definition that is only tried.
pub(super) fn nobody(_: &Option<Given<'_>>) -> ApiResult<Box<Provenance>> {
    Ok(Box::default())
}

/// Sends a change of an instrument and answers with how it stands then, under the change's own
/// journal sequence.
pub(super) async fn changed(
    platform: &Platform,
    symbol: &str,
    command: Command,
) -> ApiResult<Json<InstrumentShape>> {
    let receipt = submit(platform, command).await?;
    accepted(&receipt)?;
    Ok(Json(InstrumentShape { seq: receipt.step().seq.0, ..find(platform, symbol)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHalts<'a> {
    /// All order kinds and sides that are refused from now on.
    #[serde(borrow)]
    halts: Option<Vec<Given<'a>>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Sets which order kinds and sides are refused; an empty list opens all.
pub(super) async fn set_halts(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<InstrumentShape>> {
    let (instrument, _) = instrument(&platform, &symbol)?;
    let body: NewHalts<'_> = fields::read(&change.body)?;
    let given = body.halts.as_ref().ok_or_else(|| {
        ApiError::new(Code::MissingField, "halts is required; an empty list ends all")
            .field("halts")
    })?;
    let mut halts = Halts::default();
    for halt in given {
        halts = halts.with(word("halts", halt.text("halts")?, &HALTS)?);
    }
    let by = change.because(&body.reason)?;
    changed(&platform, &symbol, Command::SetHalts { instrument, halts, by }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBreaker<'a> {
    /// `none`, `circuit_break`, `full_range`.
    #[serde(borrow)]
    mode: Option<Given<'a>>,
    #[serde(borrow)]
    window_seconds: Option<Given<'a>>,
    #[serde(borrow)]
    trigger_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    call_seconds: Option<Given<'a>>,
    #[serde(borrow)]
    bound_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// A circuit breaker as given.
pub(super) fn breaker(platform: &Platform, of: &str, body: &[u8], by: Giver<'_>) -> Read {
    let (instrument, _) = instrument(platform, of)?;
    let body: NewBreaker<'_> = fields::read(body)?;
    let number = |given, name, most| whole(given, name, 0, most).map(|number| number as u32);
    let breaker = Box::new(Breaker {
        mode: choice("mode", required(&body.mode, "mode")?, BreakerMode::ALL, BreakerMode::as_str)?,
        window_seconds: number(&body.window_seconds, "window_seconds", 86_400)?,
        trigger_ppm: number(&body.trigger_ppm, "trigger_ppm", 1_000_000)?,
        call_seconds: number(&body.call_seconds, "call_seconds", 86_400)?,
        bound_ppm: number(&body.bound_ppm, "bound_ppm", 1_000_000)?,
    });
    Ok(Command::SetBreaker { instrument, breaker, by: by(&body.reason)? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCall<'a> {
    /// `full_range`, `resumption`, `listing`.
    #[serde(borrow)]
    kind: Option<Given<'a>>,
    #[serde(borrow)]
    seconds: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Begins a call auction; opens a halted instrument.
pub(super) async fn start_call(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<InstrumentShape>> {
    let (instrument, _) = instrument(&platform, &symbol)?;
    let body: NewCall<'_> = fields::read(&change.body)?;
    let kinds = [AuctionKind::FullRange, AuctionKind::Resumption, AuctionKind::Listing];
    let kind = choice("kind", required(&body.kind, "kind")?, &kinds, AuctionKind::as_str)?;
    let seconds = required(&body.seconds, "seconds")?.integer("seconds", 1, 86_400)? as u32;
    let by = change.because(&body.reason)?;
    changed(&platform, &symbol, Command::StartCall { instrument, kind, seconds, by }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTicks<'a> {
    #[serde(borrow)]
    tick_size: Option<Given<'a>>,
    #[serde(borrow)]
    tick_table: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// A tick table as given.
pub(super) fn tick_rule(platform: &Platform, of: &str, body: &[u8], by: Giver<'_>) -> Read {
    let (instrument, spec) = instrument(platform, of)?;
    let body: NewTicks<'_> = fields::read(body)?;
    let ticks = ticks(&body.tick_size, &body.tick_table, spec.price_digits)?;
    Ok(Command::SetTicks { instrument, ticks, by: by(&body.reason)? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewShares<'a> {
    /// Left out: not known.
    #[serde(borrow)]
    shares: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// A number of listed shares as given.
pub(super) fn listed_shares(platform: &Platform, of: &str, body: &[u8], by: Giver<'_>) -> Read {
    let (instrument, spec) = instrument(platform, of)?;
    let body: NewShares<'_> = fields::read(body)?;
    let shares = quantity_or_none(&body.shares, "shares", spec.quantity_digits)?;
    Ok(Command::SetListedShares { instrument, shares, by: by(&body.reason)? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTerms<'a> {
    #[serde(borrow)]
    batch: Option<Given<'a>>,
    #[serde(borrow)]
    principal: Option<Given<'a>>,
    #[serde(borrow)]
    spread_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    max_quantity: Option<Given<'a>>,
    /// In the quote asset; left out: no cap.
    #[serde(borrow)]
    max_value: Option<Given<'a>>,
    /// In the quote asset: settlements are whole multiples of it.
    #[serde(borrow)]
    round_to: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Odd-lot terms as given.
pub(super) fn odd_lot_terms(platform: &Platform, of: &str, body: &[u8], by: Giver<'_>) -> Read {
    let (instrument, spec) = instrument(platform, of)?;
    let body: NewTerms<'_> = fields::read(body)?;
    let exponent = platform.live.asset(spec.quote_asset).map_or(0, |asset| asset.exponent);
    let money = |given: &Option<Given<'_>>, name| match given {
        Some(given) => units(given, name, exponent, Code::InvalidAmount).map(Amount),
        None => Ok(Amount::ZERO),
    };
    let terms = Box::new(OddLotTerms {
        batch: required(&body.batch, "batch")?.flag("batch")?,
        principal: required(&body.principal, "principal")?.flag("principal")?,
        spread_ppm: whole(&body.spread_ppm, "spread_ppm", 0, 1_000_000)? as u32,
        max_quantity: quantity_or_none(&body.max_quantity, "max_quantity", spec.quantity_digits)?,
        max_value: money(&body.max_value, "max_value")?,
        round_to: money(&body.round_to, "round_to")?,
    });
    Ok(Command::SetOddLotTerms { instrument, terms, by: by(&body.reason)? })
}

/// Sets the odd-lot terms.
pub(super) async fn set_odd_lot_terms(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<Terms>> {
    let by = |reason: &Option<Given<'_>>| change.because(reason);
    let command = odd_lot_terms(&platform, &symbol, &change.body, &by)?;
    let receipt = submit(&platform, command).await?;
    accepted(&receipt)?;
    let (id, spec) = instrument(&platform, &symbol)?;
    Ok(Json(terms_of(&platform, id, &spec, receipt.step().seq)))
}

/// What people have set on an instrument.
#[derive(Serialize)]
pub(super) struct Terms {
    symbol: String,
    breaker: BreakerShape,
    /// Null: the house takes no odd lots.
    odd_lot: Option<OddLotShape>,
    /// Journal sequence it reflects, or of the change that this answers.
    seq: u64,
}

#[derive(Serialize)]
struct BreakerShape {
    mode: &'static str,
    window_seconds: u32,
    trigger_ppm: u32,
    call_seconds: u32,
    bound_ppm: u32,
}

#[derive(Serialize)]
struct OddLotShape {
    batch: bool,
    principal: bool,
    spread_ppm: u32,
    max_quantity: String,
    max_value: Option<String>,
    round_to: String,
}

fn terms_of(
    platform: &Platform,
    instrument: InstrumentId,
    spec: &InstrumentSpec,
    seq: Seq,
) -> Terms {
    let (breaker, odd_lot) = platform.live.rules(|rules| {
        let breaker = rules.breakers.get(&instrument).copied().unwrap_or(Breaker::OFF);
        (breaker, rules.odd_lot_terms.get(&instrument).copied())
    });
    let asset = platform.live.asset(spec.quote_asset);
    let money = |value: Amount| asset.map(|asset| amount(value, &asset)).unwrap_or_default();
    Terms {
        symbol: spec.symbol.to_string(),
        breaker: BreakerShape {
            mode: breaker.mode.as_str(),
            window_seconds: breaker.window_seconds,
            trigger_ppm: breaker.trigger_ppm,
            call_seconds: breaker.call_seconds,
            bound_ppm: breaker.bound_ppm,
        },
        odd_lot: odd_lot.map(|terms| OddLotShape {
            batch: terms.batch,
            principal: terms.principal,
            spread_ppm: terms.spread_ppm,
            max_quantity: decimal(terms.max_quantity.0.into(), spec.quantity_digits),
            max_value: (terms.max_value.0 != 0).then(|| money(terms.max_value)),
            round_to: money(terms.round_to),
        }),
        seq: seq.0,
    }
}

/// Circuit breaker and odd-lot terms of an instrument.
pub(super) async fn terms(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
) -> ApiResult<Json<Terms>> {
    let seq = platform.live.seq();
    let (id, spec) = instrument(&platform, &symbol)?;
    Ok(Json(terms_of(&platform, id, &spec, seq)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTiers<'a> {
    /// Quote asset.
    #[serde(borrow)]
    asset: Option<Given<'a>>,
    #[serde(borrow)]
    tiers: Option<Vec<Object<NewTier<'a>>>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTier<'a> {
    #[serde(borrow)]
    volume: Option<Given<'a>>,
    #[serde(borrow)]
    maker_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    taker_ppm: Option<Given<'a>>,
}

/// Fees by 30-day volume of one quote asset.
#[derive(Serialize)]
pub(super) struct Tiers {
    asset: String,
    tiers: Vec<TierShape>,
}

#[derive(Serialize)]
struct TierShape {
    volume: String,
    maker_ppm: i32,
    taker_ppm: i32,
}

/// Sets the fees by volume of a quote asset; no tiers: the instruments' own.
pub(super) async fn set_fee_tiers(
    State(platform): State<Platform>,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<Tiers>> {
    let body: NewTiers<'_> = fields::read(&change.body)?;
    let asset = asset_of(&body.asset, "asset", &platform)?;
    let exponent = platform.live.asset(asset).map_or(0, |asset| asset.exponent);
    let given = body.tiers.as_deref().ok_or_else(|| {
        ApiError::new(Code::MissingField, "tiers is required; an empty list ends them")
            .field("tiers")
    })?;
    if given.len() > FEE_TIERS_MAX {
        let message = format!("at most {FEE_TIERS_MAX} tiers");
        return Err(ApiError::new(Code::InvalidValue, message).field("tiers"));
    }
    let mut tiers =
        FeeTiers { asset, tiers: [FeeTier::default(); FEE_TIERS_MAX], len: given.len() as u8 };
    for (tier, given) in tiers.tiers.iter_mut().zip(given) {
        let ppm = |given, name, low| -> ApiResult<i32> {
            Ok(required(given, name)?.integer(name, low, 1_000_000)? as i32)
        };
        let volume = required(&given.volume, "volume")?;
        tier.volume = Amount(units(volume, "volume", exponent, Code::InvalidAmount)?);
        tier.maker_ppm = ppm(&given.maker_ppm, "maker_ppm", -1_000_000)?;
        tier.taker_ppm = ppm(&given.taker_ppm, "taker_ppm", 0)?;
    }
    let by = change.because(&body.reason)?;
    let command = Command::SetFeeTiers { tiers: Box::new(tiers), by };
    accepted(&submit(&platform, command).await?)?;
    Ok(Json(tiers_of(&platform, &tiers)))
}

fn tiers_of(platform: &Platform, tiers: &FeeTiers) -> Tiers {
    let asset = platform.live.asset(tiers.asset);
    let shape = |tier: &FeeTier| TierShape {
        volume: asset.map(|asset| amount(tier.volume, &asset)).unwrap_or_default(),
        maker_ppm: tier.maker_ppm,
        taker_ppm: tier.taker_ppm,
    };
    Tiers {
        asset: asset.map(|asset| asset.code.to_string()).unwrap_or_default(),
        tiers: tiers.tiers[..usize::from(tiers.len)].iter().map(shape).collect(),
    }
}

/// A list without pages.
#[derive(Serialize)]
pub(super) struct All<T> {
    pub(super) items: Vec<T>,
    pub(super) seq: u64,
}

/// All fees by volume.
pub(super) async fn fee_tiers(State(platform): State<Platform>, _: NoParams) -> Json<All<Tiers>> {
    let seq = platform.live.seq().0;
    let all: Vec<FeeTiers> =
        platform.live.rules(|rules| rules.fee_tiers.values().copied().collect());
    let items = all.iter().map(|tiers| tiers_of(&platform, tiers)).collect();
    Json(All { items, seq })
}
