//! One trade: the sides the reader may see, what it moved, how it was corrected.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::offers::{Offer, offers};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::authz::Permission;
use crate::error::{Failure, html};
use crate::i18n::{A, L, M, R, U, Word};
use crate::reads::corrections::{self, Correction};
use crate::reads::fills::{self, FillLine};
use crate::reads::ledger::{self, Entry};
use crate::view::View;

/// Most ledger entries shown of one side.
const ENTRIES: i64 = 50;

#[derive(Template)]
#[template(path = "fill.html")]
struct FillPage<'a> {
    v: &'a View,
    trade: i64,
    one: &'a FillLine,
    sides: &'a [FillLine],
    entries: Vec<Entry>,
    /// Oldest first.
    corrections: Vec<Correction>,
    /// Whether the reader sees both sides, and so who corrected it and why.
    whole: bool,
    offers: Vec<Offer>,
    /// Whether the reader would be offered to bust it, were it not busted already.
    busted_already: bool,
    freshness: Freshness,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(trade): Path<String>,
) -> Result<Response, Failure> {
    let trade: i64 = trade.parse().map_err(|_| Failure::NotFound)?;
    let freshness = Freshness::now(&app).await?;
    let sides = fills::sides(&app.pool, &view.scope(), trade).await?;
    let one = sides.first().ok_or(Failure::NotFound)?;
    // A trade with the odd-lot desk has one side; it cannot be corrected.
    let whole = sides.len() == 2;
    let corrections = corrections::of(&app.pool, one, whole).await?;
    let mut times = vec![one.at];
    times.extend(corrections.iter().map(|correction| correction.at));
    let mut entries = Vec::new();
    for side in &sides {
        let wanted = ledger::Wanted {
            account_id: side.account_id,
            trade: Some((trade, times.clone())),
            ..ledger::Wanted::default()
        };
        entries.extend(ledger::list(&app.pool, &wanted, None, ENTRIES).await?);
    }
    // Both sides may be one account's: its entries are there once.
    entries.sort_by_key(|entry| (entry.seq, entry.ordinal));
    entries.dedup_by_key(|entry| (entry.seq, entry.ordinal));
    let shown = sides.iter().map(|side| side.account.as_str());
    seen::list(&app, &view, "fills", &format!("trade_id={trade}"), shown).await?;
    let number = trade.to_string();
    // A correction moves what both sides have: nothing for a reader who may see one of them.
    let kinds: &[&str] = if whole { &["correct_trade", "bust_trade"] } else { &[] };
    let mut offers = offers(&view, kinds, &[("trade", &number)]);
    // What was taken back whole can be put back by a correction, but not taken back again: the
    // backend has nothing to amend then.
    let busted = one.present.as_ref().is_some_and(|now| now.busted());
    let offered = offers.len();
    offers.retain(|offer| !(busted && offer.kind == "bust_trade"));
    let busted_already = offers.len() < offered;
    html(&FillPage {
        v: &view,
        trade,
        one,
        sides: &sides,
        entries,
        corrections,
        whole,
        offers,
        busted_already,
        freshness,
    })
}
