//! One trade: the sides the reader may see, what it moved, how it was corrected. The other side of
//! an odd-lot desk's trade is the house, which has neither order nor fill.

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
use crate::reads::accounts::{self, AccountLine};
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
    /// The other side of a desk's trade, if the reader may see it.
    house: Option<&'a AccountLine>,
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
    let house = match one.of_desk() {
        true => accounts::house(&app.pool, &view.scope()).await?,
        false => None,
    };
    let whole = sides.len() == 2 || house.is_some();
    let corrections = corrections::of(&app.pool, one, whole).await?;
    let parties = sides.iter().map(|side| side.account_id);
    let parties = parties.chain(house.iter().map(|house| house.account_id));
    let entries = entries(&app, trade, one, parties, &corrections).await?;
    let shown = sides.iter().map(|side| side.account.as_str());
    let shown = shown.chain(house.iter().map(|house| house.code.as_str()));
    seen::list(&app, &view, "fills", &format!("trade_id={trade}"), shown).await?;
    let (offers, busted_already) = offered(&view, one, whole);
    html(&FillPage {
        v: &view,
        trade,
        one,
        sides: &sides,
        house: house.as_ref(),
        entries,
        corrections,
        whole,
        offers,
        busted_already,
        freshness,
    })
}

/// What the trade and its corrections moved for these accounts, oldest first.
async fn entries(
    app: &App,
    trade: i64,
    one: &FillLine,
    parties: impl Iterator<Item = i32>,
    corrections: &[Correction],
) -> Result<Vec<Entry>, Failure> {
    let mut times = vec![one.at];
    times.extend(corrections.iter().map(|correction| correction.at));
    let mut entries = Vec::new();
    for account_id in parties {
        let wanted = ledger::Wanted {
            account_id,
            trade: Some((trade, times.clone())),
            ..ledger::Wanted::default()
        };
        entries.extend(ledger::list(&app.pool, &wanted, None, ENTRIES).await?);
    }
    // Both sides may be one account's: its entries are there once.
    entries.sort_by_key(|entry| (entry.seq, entry.ordinal));
    entries.dedup_by_key(|entry| (entry.seq, entry.ordinal));
    Ok(entries)
}

/// What the reader may ask for, and whether to bust it is left out because it is busted.
fn offered(view: &View, one: &FillLine, whole: bool) -> (Vec<Offer>, bool) {
    // A correction moves what both sides have: nothing for a reader who may see one of them.
    let kinds: &[&str] = if whole { &["correct_trade", "bust_trade"] } else { &[] };
    let mut offers = offers(view, kinds, &[("trade", &one.trade_id.to_string())]);
    // What was taken back whole can be put back by a correction, but not taken back again: the
    // backend has nothing to amend then.
    let busted = one.present.as_ref().is_some_and(|now| now.busted());
    let all = offers.len();
    offers.retain(|offer| !(busted && offer.kind == "bust_trade"));
    let busted_already = offers.len() < all;
    (offers, busted_already)
}
