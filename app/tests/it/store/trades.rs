//! What the tables tell of a trade is what the engine knows it by: every trade read from them can be
//! taken back, of the book and of the odd-lot desks.

use zaraba::projections::catch_up;
use zaraba_engine::command::{Correction, Provenance};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

use super::history::history;
use super::{migrated, postgres_is_here, rules, shared_server};

#[tokio::test]
async fn trades_are_told_as_the_engine_takes_them_back() {
    if !postgres_is_here("trades::trades_are_told_as_the_engine_takes_them_back") {
        return;
    }
    let journal = rules::journal(1, 6_000);
    let database = migrated("trades").await;
    catch_up(journal.source(), &database, 1_000, |_| {}).await.unwrap();
    let url = shared_server().await.url();
    let history = history(&format!("{}/trades", url.strip_suffix("/zaraba").unwrap()), 30);

    let mut source = journal.source();
    let (mut engine, mut trades) = (source.load(Seq(0)).unwrap(), Vec::new());
    while let Some((seq, at, command)) = source.next().unwrap() {
        let mut events = Vec::new();
        engine.apply(seq, at, &command, &mut events);
        trades.extend(events.iter().filter_map(|event| match event {
            Event::Trade(trade) => Some((trade.trade, false)),
            Event::DeskTrade(trade) => Some((trade.trade, true)),
            _ => None,
        }));
    }
    let mut taken_back = [0, 0];
    for (trade, desk) in trades {
        let record = history.trade(trade).await.unwrap().value.expect("it is in the tables");
        assert_eq!((record.trade, record.desk), (trade, desk));
        let before = record.present();
        let correction = Correction {
            trade,
            instrument: record.instrument,
            buyer: record.buyer.account,
            seller: record.seller.account,
            before,
            price: before.price,
            quantity: Quantity(0),
            desk,
        };
        let by = Box::new(Provenance {
            actor: Text::new("desk").unwrap(),
            approver: Text::EMPTY,
            request: Text::EMPTY,
            reason: Text::EMPTY,
        });
        let (seq, at) = (Seq(engine.seq().0 + 1), Timestamp(1 << 62));
        let mut events = Vec::new();
        let command = Command::CorrectTrade { correction: Box::new(correction), by };
        engine.apply(seq, at, &command, &mut events);
        match events[..] {
            [Event::Refused { code, .. }] => {
                assert_eq!(code, Reject::InsufficientFunds, "{record:?}");
            }
            _ => taken_back[usize::from(desk)] += 1,
        }
    }
    assert!(taken_back[0] > 50 && taken_back[1] > 3, "{taken_back:?}");
    engine.check().unwrap();
    assert_eq!(history.trade(TradeId(1 << 40)).await.unwrap().value, None);
}
