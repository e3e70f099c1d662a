//! What must be true after the crashes.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use bytes::Bytes;
use hyper::Method;
use sqlx::postgres::PgConnectOptions;
use zaraba::journal::{Dirs, JournalReader};
use zaraba::projections::source::JournalSource;
use zaraba::projections::{self, verify};
use zaraba::tools::client::{Connection, Endpoint, Key, Order};
use zaraba::tools::credentials::DevFile;
use zaraba::tools::decimal;
use zaraba::tools::reference::Page;
use zaraba_engine::engine::OrderState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

use super::client::{History, Told};
use crate::instance::Instance;

/// BTC_JPY's decimals of quantities.
const QUANTITY_DIGITS: u8 = 4;

fn is_final(status: &str) -> bool {
    !matches!(status, "open" | "partially_filled")
}

/// Whether an order as it stands can have come from what was acknowledged: final states
/// never change, fills never shrink, a quantity never grows.
fn follows(id: &str, told: &Told, now: &Order) {
    let acknowledged = told.acknowledged.as_ref().unwrap();
    let units = |text: &str| decimal::parse(text, QUANTITY_DIGITS).unwrap();
    assert_eq!(now.order_id, acknowledged.order_id, "{id} got another number");
    assert_eq!(now.client_order_id, id);
    assert_eq!((now.symbol.as_str(), now.side.as_str()), (told.symbol, told.side), "{id}");
    assert!(now.seq >= acknowledged.seq, "{id} went back in time");
    assert!(units(&now.filled_quantity) >= units(&acknowledged.filled_quantity), "{id} lost fills");
    assert!(units(&now.quantity) <= units(&told.quantity), "{id} grew");
    if is_final(&acknowledged.status) || now.seq == acknowledged.seq {
        assert_eq!(now, acknowledged, "{id} is not what was acknowledged");
    }
}

/// Every order once and as acknowledged, told by the server that survived.
pub async fn against_the_api(file: &DevFile, histories: &[History]) {
    let endpoint = Endpoint::resolve(&file.api).await.unwrap();
    let mut connection = Connection::new(endpoint);
    for history in histories {
        let key = Key::new(&history.key).unwrap();
        for (id, told) in &history.orders {
            if told.acknowledged.is_none() {
                continue;
            }
            let path = format!("/v1/orders/by-client-id/{id}");
            let answer = connection.call(&key, Method::GET, &path, Bytes::new()).await.unwrap();
            let now: Order = answer.json(&path).unwrap();
            follows(id, told, &now);
        }
        // The list of open orders holds none that nobody placed.
        let path = "/v1/orders?limit=1000";
        let answer = connection.call(&key, Method::GET, path, Bytes::new()).await.unwrap();
        let open: Page<Order> = answer.json(path).unwrap();
        assert!(open.next_cursor.is_none(), "the clients keep fewer than a page open");
        for order in open.items {
            let ours = histories
                .iter()
                .filter(|h| h.account == history.account)
                .find_map(|h| h.orders.get(&order.client_order_id));
            let told = ours.unwrap_or_else(|| panic!("{order:?} was placed by nobody"));
            follows(&order.client_order_id, told, &order);
        }
    }
}

/// Replays the journal from its first command: each acknowledged order was accepted exactly
/// once, and ended as acknowledged.
pub fn against_the_journal(data_dir: &Path, histories: &[History]) -> Replica {
    let mut reader = JournalReader::open(&Dirs::of(data_dir), Seq(1)).unwrap();
    let (mut engine, mut events) = (Replica::new(), Vec::new());
    let mut accepted: BTreeMap<(AccountId, String), Vec<OrderId>> = BTreeMap::new();
    while let Some((seq, at, command)) = reader.next().unwrap() {
        events.clear();
        engine.apply(seq, at, &command, &mut events);
        let Command::Place(place) = &command else { continue };
        for event in &events {
            if let Event::Accepted { order, .. } = event {
                let id = (place.account, place.client_id.to_string());
                accepted.entry(id).or_default().push(*order);
            }
        }
    }
    for ((account, id), orders) in &accepted {
        assert_eq!(orders.len(), 1, "account {account} has {id} {} times", orders.len());
    }
    let accounts: BTreeMap<String, AccountId> =
        engine.accounts().map(|(number, state)| (state.code.to_string(), number)).collect();
    let mut known = 0;
    for history in histories {
        let account = accounts[&history.account];
        for (id, told) in &history.orders {
            let journaled = accepted.get(&(account, id.clone()));
            let Some(acknowledged) = &told.acknowledged else {
                assert!(journaled.is_none(), "{id} was refused ({:?}) yet accepted", told.refused);
                continue;
            };
            let orders = journaled.unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
            assert_eq!(orders[0].to_string(), acknowledged.order_id, "{id}");
            let state = engine.order(orders[0]).unwrap();
            equals_if_final(id, acknowledged, &state);
            known += 1;
        }
    }
    let placed_by_others = accepted.len() - known;
    assert_eq!(placed_by_others, 0, "orders in the journal that no client was told of");
    engine
}

fn equals_if_final(id: &str, acknowledged: &Order, state: &OrderState) {
    let text = |q: i64| decimal::parse(&decimal::format(q, QUANTITY_DIGITS), QUANTITY_DIGITS);
    let told = |q: &str| decimal::parse(q, QUANTITY_DIGITS);
    assert!(text(state.filled.0) >= told(&acknowledged.filled_quantity), "{id} lost fills");
    if is_final(&acknowledged.status) {
        assert_eq!(state.status.as_str(), acknowledged.status, "{id}");
        assert_eq!(text(state.filled.0), told(&acknowledged.filled_quantity), "{id}");
    }
}

/// Every asset sums to zero over all accounts, and every invariant of the state holds.
pub fn money(engine: &Replica) {
    let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
    for balance in engine.balances() {
        *sums.entry(balance.asset).or_default() += i128::from(balance.total.0);
    }
    assert!(sums.len() > 1, "there is money to speak of");
    for (asset, sum) in sums {
        assert_eq!(sum, 0, "asset {asset} is not conserved");
    }
    assert_eq!(engine.check(), Ok(()));
}

/// The projected rows equal a replay of the journal: as the crashes left them and the
/// projector caught up, and once more after a rebuild from nothing.
pub async fn projections(server: &Instance) {
    let database = PgConnectOptions::from_str(&server.database_url()).unwrap();
    let journal = || Box::new(JournalSource::cold(Dirs::of(&server.data_dir())));
    for rebuilt in [false, true] {
        if rebuilt {
            projections::ask_for_rebuild(&database).await.unwrap();
        }
        projections::catch_up(journal(), &database, 5_000, |_| {}).await.unwrap();
        let report = verify::verify(journal(), &database, |_| {}).await.unwrap();
        assert_eq!(report.wrong, [] as [String; 0], "rebuilt: {rebuilt}");
        // The tables that every market fills; those of halts, quotes, limits may stay empty.
        let filled = [
            "order_events",
            "fills",
            "ledger_entries",
            "orders",
            "accounts",
            "balances",
            "assets",
            "instruments",
        ];
        for table in filled {
            let found = report.rows.iter().find(|(name, _)| *name == table);
            assert!(found.is_some_and(|(_, rows)| *rows > 0), "{table}: {:?}", report.rows);
        }
    }
}
