//! One instrument: its terms, its market now, the tables that apply, the coming days, its
//! auctions and quotes.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;

use super::asked::{Asked as Fields, Problem};
use super::instrument_values::{self, Held, Past};
use super::offers::{Offer, offers};
use super::orders::Freshness;
use crate::app::App;
use crate::authz::{Matter, Permission};
use crate::backend::market::{Day, Usage};
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, R, Word};
use crate::reads::interventions::{self, Action};
use crate::reads::markets::{self, Auction, Detail, Line, Quote};
use crate::reads::reference::{self, Asked};
use crate::view::View;

/// Auctions and quotes shown.
const SHOWN: i64 = 20;
/// Days of the calendar shown.
const DAYS: u8 = 10;

/// What may be asked for of an instrument.
const KINDS: [&str; 10] = [
    "halt",
    "resume",
    "halts",
    "call",
    "price_limits",
    "ticks",
    "breaker",
    "odd_lot_terms",
    "listed_shares",
    "risk_limits",
];
/// What it offers those who may see everybody's orders, because they end.
const ENDS: [&str; 2] = ["cancel_many", "kill_on"];

fn kinds_for(view: &View, fields: &[(&str, &str)]) -> Vec<Offer> {
    let mut found = offers(view, &KINDS, fields);
    if view.scope().is_everything() {
        found.extend(offers(view, &ENDS, fields));
    }
    found
}

/// Tokyo's tables as the engine has them: the same files, which its tests hold to its code.
const TICKS: [(&str, &str); 2] = [
    ("tse_topix500", include_str!("../../../app/engine/data/tick_sizes_topix500.csv")),
    ("tse_other", include_str!("../../../app/engine/data/tick_sizes_other.csv")),
];
const LIMITS: &str = include_str!("../../../app/engine/data/price_limits.csv");

/// The lines of a table as numbers; an end that is not there is empty.
fn table(text: &str, columns: usize) -> Vec<Vec<String>> {
    let rows = text.lines().skip(1).filter(|line| !line.is_empty());
    rows.map(|line| line.split(',').take(columns).map(str::to_owned).collect()).collect()
}

/// A tick table in force: over, up to and tick in yen.
fn ticks(name: &str) -> Vec<Vec<String>> {
    let found = TICKS.iter().find(|(known, _)| *known == name);
    let mut rows = found.map(|(_, text)| table(text, 3)).unwrap_or_default();
    for row in &mut rows {
        // The files count ticks in tenths of a yen.
        if let Some(tenths) = row.get_mut(2)
            && let Ok(units) = tenths.parse::<i128>()
        {
            *tenths = crate::view::decimal(units, 1);
        }
    }
    rows
}

#[derive(Template)]
#[template(path = "instrument.html")]
struct InstrumentPage<'a> {
    v: &'a View,
    i: &'a Line,
    d: &'a Detail,
    tick_rows: Vec<Vec<String>>,
    limit_rows: Vec<Vec<String>>,
    /// Its reference data by date.
    held: Vec<Held>,
    /// The day whose values they are, where the address names one.
    on: Option<Date>,
    /// What is asked for.
    asked: Vec<Asked>,
    /// Days of the calendar, or why they are not known.
    days: Result<Vec<Day>, String>,
    /// The first of them, where the address names it.
    from: String,
    problem: Option<String>,
    /// How much of its limits is used, or why that is not known; `None`: not for this reader.
    usage: Option<Result<Usage, String>>,
    auctions: Vec<Auction>,
    quotes: Vec<Quote>,
    offers: Vec<Offer>,
    actions: Vec<Action>,
    freshness: Freshness,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(symbol): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let freshness = Freshness::now(&app).await?;
    let (line, detail) = markets::find(&app.pool, &symbol).await?.ok_or(Failure::NotFound)?;
    let fields = Fields::read(query.as_deref(), &["from", "on"]);
    let (from, on, problem) = match days_of(&fields) {
        Ok((from, on)) => (from, on, None),
        Err(Problem(what)) => (None, None, Some(view.tf(M::BadFilter, &[&what]))),
    };
    let (days, usage) =
        tokio::join!(app.backend.calendar(&line.profile, from, DAYS), usage(&app, &view, &line));
    let days = days.map_err(|why| why.to_string());
    let before = on.and_then(|day| end_of(&view, day));
    let past = Past {
        changes: reference::changes(&app.pool, detail.instrument_id, before).await?,
        rolls: reference::rolls(&app.pool, detail.instrument_id, before).await?,
    };
    let sees = view.may(Permission::SeeRequests) && view.may(Matter::Instruments.seen_with());
    let asked = match sees && on.is_none() {
        true => reference::under_way(&app.pool, &line.symbol).await?,
        false => Vec::new(),
    };
    let limited = line.profile == "tse" && line.base().is_some();
    let fields = [("symbol", line.symbol.as_str()), ("of", "instrument"), ("scope", &line.symbol)];
    let status = super::status_of(&problem);
    let mut response = html(&InstrumentPage {
        v: &view,
        held: instrument_values::held(&view, &line, &detail, &past, before.is_none()),
        on,
        asked,
        from: from.map(|day| day.to_string()).unwrap_or_default(),
        problem,
        usage,
        tick_rows: detail.tick().err().map(ticks).unwrap_or_default(),
        limit_rows: if limited { table(LIMITS, 4) } else { Vec::new() },
        days,
        auctions: markets::auctions(&app.pool, detail.instrument_id, SHOWN).await?,
        quotes: markets::quotes(&app.pool, detail.instrument_id, SHOWN).await?,
        offers: kinds_for(&view, &fields),
        actions: interventions::on(&app.pool, "instrument", detail.instrument_id.into(), SHOWN)
            .await?,
        i: &line,
        d: &detail,
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// How much of its limits is used, for those who may see it.
async fn usage(app: &App, view: &View, line: &Line) -> Option<Result<Usage, String>> {
    if !view.may(Permission::SeeRisk) {
        return None;
    }
    let told = app.backend.instrument_usage(&line.symbol).await;
    Some(told.map_err(|why| why.to_string()))
}

impl InstrumentPage<'_> {
    /// Why a day is no business day, in the reader's language; names are as the calendar has them.
    fn closed(&self, why: &str) -> String {
        match why.split_once(": ") {
            Some((kind, name)) => format!("{}: {name}", self.v.w(Word::Closed, kind)),
            None => self.v.w(Word::Closed, why),
        }
    }

    /// The day whose values they are, in words.
    fn on_day(&self) -> String {
        self.on.map(|day| self.v.date(day)).unwrap_or_default()
    }
}

/// The days that the address names: the calendar's first, and the one whose values are asked for.
fn days_of(fields: &Fields) -> Result<(Option<Date>, Option<Date>), Problem> {
    fields.check()?;
    Ok((fields.number("from")?, fields.number("on")?))
}

/// When a day of the reader's ends.
fn end_of(view: &View, day: Date) -> Option<Timestamp> {
    let end = day.tomorrow().ok()?.to_zoned(view.zone.clone()).ok()?;
    Some(end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole_and_in_yen() {
        use zaraba_engine::jpx::{DAILY_LIMITS, TICKS_OTHER, TICKS_TOPIX500};
        for (name, bands) in [("tse_topix500", TICKS_TOPIX500), ("tse_other", TICKS_OTHER)] {
            let rows = ticks(name);
            assert_eq!(rows.len(), bands.len(), "{name}");
            let first = crate::view::units(&rows[0][2], 1).unwrap();
            assert_eq!(first, i128::from(bands[0].tick), "{name}");
        }
        let limits = table(LIMITS, 4);
        assert_eq!(limits.len(), DAILY_LIMITS.len());
        assert!(limits.iter().zip(DAILY_LIMITS).all(|(row, band)| {
            row[2] == band.limit_yen.to_string() && row[3] == band.renewal_yen.to_string()
        }));
        assert!(ticks("none").is_empty());
    }
}
