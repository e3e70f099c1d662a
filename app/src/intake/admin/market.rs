//! The market as the back office watches it: quotes shown now, auctions as they were, the house's
//! odd-lot positions; and the steps of a trading day taken by hand.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::guard::Change;
use super::instruments::profile_of;
use super::rules::All;
use super::{accepted, submit};
use crate::intake::http::cancel::instrument_of;
use crate::intake::http::error::ApiResult;
use crate::intake::http::extract::{NoParams, Params};
use crate::intake::http::fields::{self, Given, choice, required};
use crate::intake::http::history::{limit_of, time_of};
use crate::market::shapes::{AuctionShape, IndicativeShape, PhaseShape};
use crate::market::text::{decimal, time};
use crate::platform::Platform;

/// Most slices one request sends.
const SLICES_MAX: usize = 1_000;

/// An instrument that shows a quote.
#[derive(Serialize)]
pub(super) struct Quoted {
    #[serde(flatten)]
    phase: PhaseShape,
    /// What an auction would do now.
    indicative: Option<IndicativeShape>,
}

/// Instruments that show a special or sequential quote now, in order of listing.
pub(super) async fn quotes(State(platform): State<Platform>, _: NoParams) -> Json<All<Quoted>> {
    let (items, seq) = platform.market.read(|board| {
        let quoted = board.listings.iter().filter(|it| it.state.quote.kind != QuoteKind::Free);
        let shape = quoted.map(|it| Quoted { phase: it.phase(), indicative: it.indicative() });
        (shape.collect(), board.seq.0)
    });
    Json(All { items, seq })
}

/// Which auctions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuctionsQuery {
    symbol: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
}

/// An auction and where.
#[derive(Serialize)]
pub(super) struct Auctioned {
    symbol: String,
    #[serde(flatten)]
    auction: AuctionShape,
}

/// Auctions, newest first, from the history.
pub(super) async fn auctions(
    State(platform): State<Platform>,
    Params(query): Params<AuctionsQuery>,
) -> ApiResult<Json<All<Auctioned>>> {
    let instrument = instrument_of(&platform, query.symbol.as_deref())?;
    let from = time_of("from", query.from.as_deref())?;
    let to = time_of("to", query.to.as_deref())?;
    let limit = limit_of(query.limit.as_deref())?;
    let found = platform.history.auctions(instrument, from, to, limit).await?;
    let shape = |row: &crate::queries::AuctionRow| {
        let spec = platform.live.spec(row.instrument)?;
        let quantity = |quantity: Quantity| decimal(quantity.0.into(), spec.quantity_digits);
        let auction = AuctionShape {
            kind: row.kind.as_str(),
            end: row.end.as_str(),
            price: (row.price.0 != 0).then(|| decimal(row.price.0.into(), spec.price_digits)),
            quantity: quantity(row.quantity),
            surplus: quantity(row.surplus),
            time: time(row.at),
            seq: row.seq.0,
        };
        Some(Auctioned { symbol: spec.symbol.to_string(), auction })
    };
    let items = found.value.iter().filter_map(shape).collect();
    Ok(Json(All { items, seq: found.seq.0 }))
}

/// What the house holds from odd-lot trades in one instrument.
#[derive(Serialize)]
pub(super) struct OddLotPosition {
    symbol: String,
    /// Shares bought, less shares sold, by the house.
    net: String,
    /// Whole trading units to trade in the market to be flat but for less than one unit.
    hedge_lots: i64,
    /// `sell`, `buy`; null when there is nothing to hedge.
    hedge_side: Option<&'static str>,
    /// What remains after the hedge.
    rest: String,
}

/// The house's odd-lot positions, with what would hedge them.
pub(super) async fn odd_lots(
    State(platform): State<Platform>,
    _: NoParams,
) -> Json<All<OddLotPosition>> {
    let seq = platform.live.seq().0;
    let net: Vec<(InstrumentId, Quantity)> =
        platform.live.rules(|rules| rules.house_net.iter().map(|(i, n)| (*i, *n)).collect());
    let items = net.iter().filter_map(|(instrument, net)| {
        let spec = platform.live.spec(*instrument)?;
        let lots = net.0 / spec.lot.0;
        let quantity = |units: i64| decimal(units.into(), spec.quantity_digits);
        Some(OddLotPosition {
            symbol: spec.symbol.to_string(),
            net: quantity(net.0),
            hedge_lots: lots.abs(),
            hedge_side: match lots {
                0 => None,
                1.. => Some(Side::Sell.as_str()),
                _ => Some(Side::Buy.as_str()),
            },
            rest: quantity(net.0 % spec.lot.0),
        })
    });
    Json(All { items: items.collect(), seq })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStep<'a> {
    #[serde(borrow)]
    profile: Option<Given<'a>>,
    /// The present trading day, yyyymmdd.
    #[serde(borrow)]
    day: Option<Given<'a>>,
    #[serde(borrow)]
    step: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// A step of the trading day that was taken.
#[derive(Serialize)]
pub(super) struct Stepped {
    profile: &'static str,
    day: u32,
    step: &'static str,
    /// Instruments handled.
    instruments: u64,
    /// Repeat the request.
    more: bool,
    seq: u64,
}

/// Takes a step of the trading day by hand, as the schedule does by itself.
pub(super) async fn step(
    State(platform): State<Platform>,
    _: NoParams,
    change: Change,
) -> ApiResult<Json<Stepped>> {
    let body: NewStep<'_> = fields::read(&change.body)?;
    let profile = profile_of(&body.profile)?;
    let day = required(&body.day, "day")?.integer("day", 19_000_101, 29_991_231)? as u32;
    let steps: Vec<_> =
        SessionStep::ALL.iter().copied().filter(|step| *step != SessionStep::None).collect();
    let step = choice("step", required(&body.step, "step")?, &steps, SessionStep::as_str)?;
    let by = change.because(&body.reason)?;
    let mut done = Stepped {
        profile: profile.as_str(),
        day,
        step: step.as_str(),
        instruments: 0,
        more: false,
        seq: 0,
    };
    for _ in 0..SLICES_MAX {
        let command = Command::Session { profile, day, step, until: Timestamp(0) };
        let command = command.given_by(*by);
        let receipt = submit(&platform, command).await?;
        accepted(&receipt)?;
        done.seq = receipt.step().seq.0;
        done.more = match receipt.events().last() {
            Some(Event::SessionStepped { count, more, .. }) => {
                done.instruments += u64::from(*count);
                *more
            }
            _ => false,
        };
        if !done.more {
            break;
        }
    }
    Ok(Json(done))
}
