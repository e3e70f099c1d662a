//! What people do beyond orders: commands with their name on it, sessions stopped, orders
//! cancelled by price, statements put on record. Source: domain rules, section 7 (intervention: kill
//! switch per session, cancel of a side at a price or better; both names stay on the record).

use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

use super::world::*;

fn kill(world: &mut World, key: u32, on: bool) -> Vec<Event> {
    world.apply(Command::SetKill { scope: KillScope::Key(key), on, by: by() })
}

fn refusal(events: &[Event]) -> Option<Reject> {
    events.iter().find_map(|event| match event {
        Event::Refused { code, .. } => Some(*code),
        _ => None,
    })
}

fn signed(world: &mut World, key: u32, id: &str) -> Vec<Event> {
    let place = Place::limit(ANN, COIN, Side::Buy, Price(100), Quantity(10), text(id));
    world.apply(Command::Place(Place { key, ..place }))
}

#[test]
fn who_gave_a_command_changes_nothing_of_what_it_does() {
    let run = |named: bool| {
        let mut world = World::new();
        let give = |command: Command| if named { command.given_by(*by()) } else { command };
        let order = world.buy(ANN, 100, 10);
        let cancel = Cancel { account: ANN, order, via: Via::Admin, key: 0 };
        let mut events = world.apply(give(Command::CreateAccount { code: text("eve") }));
        events.extend(world.apply(give(Command::Cancel(cancel))));
        events.extend(world.apply(give(Command::Cancel(cancel))));
        events
            .extend(world.apply(give(Command::RollDay { profile: Profile::Tse, day: 20_260_105 })));
        (events, world.engine.state_hash())
    };
    let (plain, named) = (run(false), run(true));
    assert_eq!(plain, named);
    assert_eq!(refusal(&named.0), Some(Reject::OrderNotOpen));
}

#[test]
fn a_named_command_knows_its_giver_and_itself() {
    let plain = Command::RollDay { profile: Profile::Tse, day: 20_260_105 };
    let named = plain.clone().given_by(*by());
    assert_eq!((named.plain(), named.provenance()), (&plain, Some(&*by())));
    assert_eq!((plain.provenance(), named.into_plain()), (None, plain.clone()));
}

#[test]
fn a_stopped_session_sends_nothing_new_and_others_go_on() {
    let mut world = World::new();
    signed(&mut world, 7, "a");
    assert!(matches!(kill(&mut world, 7, true)[..], [Event::KillChanged { .. }]));
    assert_eq!(refusal(&signed(&mut world, 7, "b")), Some(Reject::Killed));
    assert_eq!(refusal(&signed(&mut world, 8, "c")), None);
    assert_eq!(refusal(&signed(&mut world, 0, "d")), None);
    let restored = copied(&world.engine);
    assert_eq!(restored.killed_keys().collect::<Vec<_>>(), [7]);
    kill(&mut world, 7, false);
    assert!(!world.engine.killed(KillScope::Key(7)));
    assert_eq!(refusal(&signed(&mut world, 7, "e")), Some(Reject::OpenOrderCap));
    assert_eq!(refusal(&kill(&mut world, 0, true)), Some(Reject::InvalidSpec));
}

#[test]
fn a_mass_cancel_by_price_takes_the_better_ones_only() {
    let filter = CancelMany {
        account: None,
        instrument: Some(COIN),
        side: Some(Side::Buy),
        group: None,
        price: Price(100),
        from: CancelMany::START,
        via: Via::Admin,
        key: 0,
    };
    for account in [None, Some(ANN)] {
        let mut world = World::new();
        let bids = [95, 100, 105].map(|price| world.buy(ANN, price, 10));
        let asks = [110, 115, 120].map(|price| world.sell(BOB, price, 10));
        let gone = |world: &World, orders: [OrderId; 3]| {
            orders.map(|order| world.order(order).status == OrderStatus::Cancelled)
        };
        let events = world.apply(Command::CancelMany(CancelMany { account, ..filter }));
        let last = events.last();
        assert!(
            matches!(last, Some(Event::CancelledMany { count: 2, more: false, .. })),
            "{last:?}"
        );
        assert_eq!(gone(&world, bids), [false, true, true]);
        let account = account.map(|_| BOB);
        let side = Some(Side::Sell);
        let offers = CancelMany { account, side, price: Price(115), ..filter };
        world.apply(Command::CancelMany(offers));
        assert_eq!(gone(&world, asks), [true, true, false]);
        assert_eq!(gone(&world, bids), [false, true, true]);
        for wrong in [
            CancelMany { side: None, ..filter },
            CancelMany { instrument: None, ..filter },
            CancelMany { price: Price(-1), ..filter },
        ] {
            let events = world.apply(Command::CancelMany(wrong));
            assert_eq!(refusal(&events), Some(Reject::InvalidPrice));
        }
    }
}

#[test]
fn an_anchor_is_on_record_and_changes_nothing_else() {
    let mut world = World::new();
    let anchor = Anchor { what: text("audit"), count: 9, hash: [7; 32] };
    let before = world.engine.state_hash();
    let events = world.apply(Command::Anchor { anchor: Box::new(anchor), by: by() });
    assert_eq!(events, [Event::Anchored]);
    assert_ne!(world.engine.state_hash(), before);
    let other = |anchor: Anchor| {
        let mut world = World::new();
        world.apply(Command::Anchor { anchor: Box::new(anchor), by: by() });
        world.engine.state_hash()
    };
    assert_ne!(other(anchor), other(Anchor { count: 8, ..anchor }));
    assert_ne!(other(anchor), other(Anchor { hash: [8; 32], ..anchor }));
}
