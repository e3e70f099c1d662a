//! The admin API (`/admin/v1`, its own port): what the console and operators' tools do.
//! Every call carries a bearer token; every change names its actor (`X-Actor`) and request
//! (`X-Request-Id`), which go into the journal and the log, and is done once. Who may do what, and the second pair of eyes, is the console's business.
//!
//! Changes are commands through the gate like any other; nothing here writes state.

mod accounts;
mod actions;
mod assets;
mod calendar;
mod days;
mod flags;
mod guard;
mod instruments;
mod keys;
mod market;
mod orders;
mod overview;
mod participants;
mod previews;
mod requests;
mod risk;
mod rules;
mod trades;
mod transfers;
mod watch;

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{MethodRouter, get, post};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use zaraba_engine::{Command, Event, Reject};

use crate::auth::token::AdminTokens;
use crate::bus::Receipt;
use crate::intake::http::error::{ApiError, ApiResult};
use crate::intake::http::extract::Segment;
use crate::intake::http::{layers, server};
use crate::platform::Platform;
use guard::{Change, Question};

/// Most items of one batch request.
const BATCH_MAX: usize = 1_000;

/// Sets a definition of an instrument.
fn sets(read: rules::Reader) -> MethodRouter<Platform> {
    post(move |platform: State<Platform>, symbol: Segment, change: Change| {
        rules::set(platform, symbol, change, read)
    })
}

/// Tries it: whether it would be taken.
fn tries(read: rules::Reader) -> MethodRouter<Platform> {
    post(move |platform: State<Platform>, symbol: Segment, question: Question| {
        rules::preview(platform, symbol, question, read)
    })
}

/// Every route below `/admin/v1`. A table, so that a test can walk it.
fn table() -> Vec<(&'static str, MethodRouter<Platform>)> {
    vec![
        ("/overview", get(overview::overview)),
        ("/assets", get(assets::list).post(assets::create)),
        ("/instruments", get(instruments::list).post(instruments::create)),
        ("/instruments/{symbol}/status", post(instruments::set_status)),
        ("/instruments/{symbol}/limits", sets(instruments::limits)),
        ("/instruments/{symbol}/limits/preview", tries(instruments::limits)),
        ("/instruments/{symbol}/halts", post(rules::set_halts)),
        ("/instruments/{symbol}/breaker", sets(rules::breaker)),
        ("/instruments/{symbol}/breaker/preview", tries(rules::breaker)),
        ("/instruments/{symbol}/call", post(rules::start_call)),
        ("/instruments/{symbol}/ticks", sets(rules::tick_rule)),
        ("/instruments/{symbol}/ticks/preview", tries(rules::tick_rule)),
        ("/instruments/{symbol}/listed-shares", sets(rules::listed_shares)),
        ("/instruments/{symbol}/listed-shares/preview", tries(rules::listed_shares)),
        ("/instruments/{symbol}/odd-lot-terms", post(rules::set_odd_lot_terms)),
        ("/instruments/{symbol}/odd-lot-terms/preview", tries(rules::odd_lot_terms)),
        ("/instruments/{symbol}/terms", get(rules::terms)),
        ("/fee-tiers", get(rules::fee_tiers).post(rules::set_fee_tiers)),
        ("/risk-limits", get(risk::limits).post(risk::set_limits)),
        ("/risk-limits/preview", post(risk::preview_limits)),
        ("/kill-switches", get(risk::kills).post(risk::set_kill)),
        ("/accounts/{code}/group", post(risk::set_group)),
        ("/accounts/{code}/firm", post(participants::set_firm)),
        ("/participants", get(participants::show).post(participants::set)),
        ("/quotes", get(market::quotes)),
        ("/auctions", get(market::auctions)),
        ("/odd-lots", get(market::odd_lots)),
        ("/sessions/step", post(market::step)),
        ("/accounts", get(accounts::list).post(accounts::create)),
        ("/accounts/batch", post(accounts::create_batch)),
        ("/accounts/{code}", get(accounts::one)),
        ("/accounts/{code}/status", post(accounts::set_status)),
        ("/accounts/{code}/keys", get(keys::list).post(keys::create)),
        ("/accounts/{code}/keys/{api_key}/revoke", post(keys::revoke)),
        ("/accounts/{code}/transfers", post(transfers::create)),
        ("/transfers/batch", post(transfers::create_batch)),
        ("/orders/{order_id}", get(orders::one)),
        ("/orders/{order_id}/cancel", post(orders::cancel)),
        ("/orders/cancel", post(orders::cancel_many)),
        ("/orders/cancel/preview", post(previews::cancel_many)),
        ("/accounts/{code}/transfers/preview", post(previews::transfer)),
        ("/requests/{id}", get(requests::one)),
        ("/actions", get(actions::list)),
        ("/halts", get(watch::halts)),
        ("/risk-usage", get(watch::usage)),
        ("/flags", get(flags::list)),
        ("/flags/{name}", post(flags::set)),
        ("/flags/{name}/history", get(flags::history)),
        ("/trades/{trade_id}", get(trades::one)),
        ("/trades/{trade_id}/correct", post(trades::correct)),
        ("/trades/{trade_id}/correct/preview", post(trades::preview_correct)),
        ("/trades/{trade_id}/bust", post(trades::bust)),
        ("/trades/{trade_id}/bust/preview", post(trades::preview_bust)),
        ("/corrections", get(trades::corrections)),
        ("/anchors", get(actions::anchors).post(actions::anchor)),
        ("/calendar", get(calendar::days)),
        ("/days/roll", post(days::roll)),
    ]
}

/// Paths of the admin API, parameters in braces.
pub fn paths() -> Vec<String> {
    table().iter().map(|(path, _)| format!("/admin/v1{path}")).collect()
}

/// The routes of the table and the console's live data, behind a token.
fn guarded(
    platform: &Platform,
    tokens: AdminTokens,
    rates: Arc<overview::Rates>,
) -> Router<Platform> {
    let own = table().into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("/admin/v1{path}"), methods)
    });
    let guard =
        axum::middleware::from_fn_with_state((platform.clone(), tokens), guard::authenticated);
    // Behind the token: a request that is not let in is no request.
    let requests = Arc::new(requests::Requests::new(platform.status.recovered));
    let once =
        axum::middleware::from_fn_with_state((platform.clone(), requests.clone()), requests::once);
    own.route_layer(once)
        .layer(axum::Extension(rates))
        .layer(axum::Extension(requests))
        .merge(crate::market::http::admin_routes())
        .route_layer(guard)
}

fn build(platform: Platform, tokens: AdminTokens, rates: Arc<overview::Rates>) -> Router {
    // Health and metrics are for machines on the same private network: no token.
    let router = guarded(&platform, tokens, rates).merge(crate::telemetry::routes());
    layers::with_layers(router, &platform.config).with_state(platform)
}

/// The admin port: the admin API, live data for the console, health, metrics. Rates in the
/// overview need [`serve`], which samples them.
pub fn router(platform: Platform, tokens: AdminTokens) -> Router {
    build(platform, tokens, Arc::default())
}

/// Serves the admin port on `listener` until told to stop, and follows the file of tokens.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    platform: Platform,
    tokens: AdminTokens,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let http = platform.config.http.clone();
    let rates = Arc::<overview::Rates>::default();
    let router = build(platform.clone(), tokens.clone(), rates.clone());
    tokio::select! {
        served = server::serve(router, listener, &http, stop) => served,
        () = overview::sample(platform, rates) => Ok(()),
        () = tokens.follow() => Ok(()),
    }
}

/// Hands in a command and waits for its durable outcome, however long that takes: a change is
/// not left to itself half way. Its caller may have given up long before.
///
/// # Errors
/// `busy`, `unavailable` (not sequenced), `outcome_unknown` (the journal failed).
async fn submit(platform: &Platform, command: Command) -> ApiResult<Receipt> {
    Ok(platform.gate.submit(command).await?)
}

/// The refusal among a command's events, if it was refused.
fn refusal(receipt: &Receipt) -> Option<Reject> {
    receipt.events().iter().find_map(|event| match event {
        Event::Refused { code, .. } => Some(*code),
        _ => None,
    })
}

/// Turns a refusal into an error.
fn accepted(receipt: &Receipt) -> ApiResult<()> {
    match refusal(receipt) {
        None => Ok(()),
        Some(code) => Err(ApiError::refused(code).details(json!({"seq": receipt.step().seq.0}))),
    }
}
