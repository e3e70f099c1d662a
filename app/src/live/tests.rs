//! The view folded from events by hand; against the engine itself it is tested in
//! `tests/it/rest.rs`.

use zaraba_engine::Reject;
use zaraba_engine::command::{Limits, Place, Via};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::{Cause, CloseReason, Trade};

use super::*;

fn place(account: u32, side: Side, price: i64, quantity: i64, id: &str) -> Command {
    Command::Place(Place {
        account: AccountId(account),
        instrument: InstrumentId(0),
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        price: Price(price),
        quantity: Quantity(quantity),
        client_id: ClientId::new(id).unwrap(),
        via: Via::Rest,
        key: 0,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    })
}

fn batch(first: u64, steps: Vec<(Command, Vec<Event>)>) -> Batch {
    let mut batch = Batch::default();
    for (n, (command, events)) in steps.into_iter().enumerate() {
        let from = batch.events.len() as u32;
        batch.events.extend(events);
        let seq = Seq(first + n as u64);
        let range = from..batch.events.len() as u32;
        batch.steps.push(Step { seq, at: Timestamp(seq.0 * 1000), command, events: range });
    }
    batch
}

fn begun() -> Live {
    let live = Live::default();
    let genesis = Command::Genesis { limits: Limits::default(), hash_seed: [0; 2] };
    let code = AccountCode::new("alice").unwrap();
    live.apply(&batch(
        1,
        vec![
            (genesis, vec![Event::Begun]),
            (
                Command::CreateAccount { code },
                vec![Event::AccountCreated { account: AccountId(4) }],
            ),
        ],
    ));
    live
}

fn order(counter: u64, slot: u64) -> OrderId {
    OrderId(counter << 24 | slot)
}

fn accepted(order: OrderId) -> Event {
    Event::Accepted { order, bound: Price(0) }
}

fn closed(order: OrderId, reason: CloseReason) -> Event {
    Event::Closed {
        order,
        account: AccountId(4),
        instrument: InstrumentId(0),
        reason,
        remaining: Quantity(0),
    }
}

#[test]
fn an_order_is_followed_from_acceptance_to_its_end() {
    let live = begun();
    let (maker, taker) = (order(1, 7), order(2, 8));
    let trade = Event::Trade(Trade {
        trade: TradeId(1),
        instrument: InstrumentId(0),
        price: Price(100),
        quantity: Quantity(3),
        taker_side: Side::Sell,
        maker,
        taker,
        maker_account: AccountId(4),
        taker_account: AccountId(4),
        maker_fee: Amount(0),
        taker_fee: Amount(0),
        maker_remaining: Quantity(2),
        taker_remaining: Quantity(0),
        auction: false,
    });
    live.apply(&batch(
        3,
        vec![
            (place(4, Side::Buy, 100, 5, "m"), vec![accepted(maker)]),
            (
                place(4, Side::Sell, 100, 3, "t"),
                vec![accepted(taker), trade, closed(taker, CloseReason::Filled)],
            ),
        ],
    ));
    let resting = live.order(maker).unwrap();
    assert_eq!(
        (resting.status, resting.filled, resting.notional, resting.seq),
        (OrderStatus::PartiallyFilled, Quantity(3), 300, Seq(4))
    );
    assert_eq!(live.order(taker).unwrap().status, OrderStatus::Filled);
    assert_eq!(live.open_orders(AccountId(4)), vec![resting]);
    let by_client = live.order_by_client_id(AccountId(4), &ClientId::new("t").unwrap());
    assert_eq!(by_client.unwrap().order, taker);

    live.apply(&batch(
        5,
        vec![(
            Command::Cancel(zaraba_engine::command::Cancel {
                account: AccountId(4),
                order: maker,
                via: Via::Rest,
                key: 0,
            }),
            vec![closed(maker, CloseReason::Cancelled)],
        )],
    ));
    let ended = live.order(maker).unwrap();
    assert_eq!((ended.status, ended.filled), (OrderStatus::Cancelled, Quantity(3)));
    assert!(live.open_orders(AccountId(4)).is_empty());
    assert_eq!((live.seq(), live.last_trade(), live.orders_ever()), (Seq(5), TradeId(1), 2));
}

#[test]
fn a_reused_slot_forgets_the_order_that_had_it() {
    let live = begun();
    let (old, new) = (order(1, 7), order(9, 7));
    live.apply(&batch(
        3,
        vec![
            (
                place(4, Side::Buy, 100, 5, "old"),
                vec![Event::Refused { code: Reject::InsufficientFunds, order: Some(old) }],
            ),
            (place(4, Side::Buy, 100, 5, "new"), vec![accepted(new)]),
        ],
    ));
    assert!(live.order(old).is_none());
    assert!(live.order_by_client_id(AccountId(4), &ClientId::new("old").unwrap()).is_none());
    assert_eq!(live.order(new).unwrap().client_id.as_str(), "new");
}

#[test]
fn a_refused_order_is_remembered_and_a_duplicate_is_not_another_one() {
    let live = begun();
    let first = order(1, 3);
    let refused = |code| vec![Event::Refused { code, order: Some(first) }];
    live.apply(&batch(
        3,
        vec![
            (place(4, Side::Buy, 100, 5, "x"), refused(Reject::InsufficientFunds)),
            (place(4, Side::Buy, 100, 6, "x"), refused(Reject::DuplicateClientOrderId)),
        ],
    ));
    let kept = live.order_by_client_id(AccountId(4), &ClientId::new("x").unwrap()).unwrap();
    assert_eq!(kept.quantity, Quantity(5));
    assert_eq!(
        (kept.status, kept.reject),
        (OrderStatus::Rejected, Some(Reject::InsufficientFunds))
    );
    assert!(live.open_orders(AccountId(4)).is_empty());
}

#[test]
fn levels_and_balances_are_overwritten_and_depth_is_best_first() {
    let live = begun();
    let level = |side, price, quantity| Event::Level {
        instrument: InstrumentId(0),
        side,
        price: Price(price),
        quantity: Quantity(quantity),
        orders: 1,
    };
    let balance = |asset, total| Event::Balance {
        account: AccountId(4),
        asset: AssetId(asset),
        total: Amount(total),
        locked: Amount(1),
        delta: Amount(0),
        cause: Cause::Deposit,
        reference: 0,
    };
    let events = vec![
        level(Side::Buy, 99, 5),
        level(Side::Buy, 98, 6),
        level(Side::Sell, 101, 1),
        level(Side::Sell, 103, 2),
        level(Side::Sell, 101, 0),
        balance(1, 10),
        balance(0, 20),
        balance(1, 30),
    ];
    live.apply(&batch(3, vec![(place(4, Side::Buy, 1, 1, "a"), events)]));
    let depth = live.depth(InstrumentId(0), 1).unwrap();
    assert_eq!(depth.bids, vec![(Price(99), Quantity(5))]);
    assert_eq!(depth.asks, vec![(Price(103), Quantity(2))]);
    assert_eq!(depth.seq, Seq(3));
    let totals: Vec<_> = live.balances(AccountId(4)).iter().map(|b| b.total.0).collect();
    assert_eq!(totals, vec![20, 30]);
}

#[test]
fn pages_of_open_orders_join_without_gap_or_repeat() {
    let live = begun();
    let steps = (1..=25u64)
        .map(|n| (place(4, Side::Buy, 1, 1, &n.to_string()), vec![accepted(order(n, n))]))
        .collect();
    live.apply(&batch(3, steps));
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, seq, next) = live.open_orders_page(AccountId(4), after, 10, |_| true);
        assert_eq!(seq, Seq(27));
        seen.extend(page.iter().map(|o| o.order.0 >> 24));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).collect::<Vec<_>>());
}

#[test]
fn system_accounts_and_codes_are_found() {
    let live = begun();
    assert_eq!(live.account("fees"), Some(AccountId::FEES));
    assert_eq!(live.account("alice"), Some(AccountId(4)));
    assert_eq!(live.account("nobody"), None);
    assert_eq!(live.account_count(), 5);
    assert_eq!(live.accounts_page(Some(AccountId(3)), 10).len(), 1);
}
