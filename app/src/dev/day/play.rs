//! Sends the plan: each entry when the market's clock reaches its time. Cancels and
//! amendments name orders by the numbers their answers gave.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use zaraba_engine::command::{Amend, Cancel, Child, Contingent, OddLot, Place, StopLeg, Via};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::furnish::{Pipe, Places};
use super::plan::{Entry, Ticket, What};
use crate::bus::Receipt;
use crate::platform::Platform;

/// Longest sleep, so that answers are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What was sent and how it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New orders sent.
    pub orders: u64,
    /// Cancels and amendments sent.
    pub changes: u64,
    /// Changes left out: their order had not been taken.
    pub left_out: u64,
    /// Refusals by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// How late the latest entry was sent, in milliseconds of market time.
    pub latest_ms: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.refused.values().sum();
        write!(
            f,
            "{} orders, {} changes, {refused} refused, at most {:.1} s late",
            self.orders,
            self.changes,
            self.latest_ms as f64 / 1e3
        )
    }
}

/// Sends a day's entries.
pub struct Player<'a> {
    /// Where to.
    pub platform: &'a Platform,
    /// Who and what the plan's numbers are.
    pub places: &'a Places,
    /// The plan.
    pub entries: &'a [Entry],
    /// The day's beginning.
    pub midnight: Timestamp,
    /// The day, yyyymmdd; part of client ids.
    pub day: u32,
}

/// What is known of the entries sent.
struct Answers {
    /// Order number by entry; zero: none.
    orders: Vec<u64>,
    refused: BTreeMap<&'static str, u64>,
}

impl Answers {
    fn take(&mut self, index: u32, receipt: &Receipt) {
        for event in receipt.events() {
            match event {
                Event::Accepted { order, .. } if self.orders[index as usize] == 0 => {
                    self.orders[index as usize] = order.0;
                }
                Event::Refused { code, .. } => {
                    *self.refused.entry(code.code()).or_default() += 1;
                }
                _ => {}
            }
        }
    }
}

impl Player<'_> {
    /// Sends everything; returns when the last answer is there.
    pub async fn run(self) -> Result<Counts> {
        let mut answers = Answers { orders: vec![0; self.entries.len()], refused: BTreeMap::new() };
        let mut pipe = Pipe::new(self.platform);
        let mut counts = Counts::default();
        for (index, entry) in self.entries.iter().enumerate() {
            let at = Timestamp(self.midnight.0 + u64::from(entry.at) * 1_000_000);
            loop {
                let wait = self.platform.clock.until(at);
                if wait.is_zero() {
                    break;
                }
                tokio::time::sleep(wait.min(LOOK)).await;
                pipe.poll(|index, receipt| {
                    answers.take(index, &receipt);
                    Ok(())
                })?;
            }
            let late = self.platform.clock.now().0.saturating_sub(at.0) / 1_000_000;
            counts.latest_ms = counts.latest_ms.max(late);
            let Some(command) = self.command(index as u32, entry, &answers.orders) else {
                counts.left_out += 1;
                continue;
            };
            match entry.what.is_order() {
                true => counts.orders += 1,
                false => counts.changes += 1,
            }
            pipe.push(index as u32, command, |index, receipt| {
                answers.take(index, &receipt);
                Ok(())
            })
            .await?;
        }
        pipe.finish(|index, receipt| {
            answers.take(index, &receipt);
            Ok(())
        })
        .await?;
        counts.refused = answers.refused;
        Ok(counts)
    }

    /// The command of an entry; none for a change of an order that was not taken.
    fn command(&self, index: u32, entry: &Entry, orders: &[u64]) -> Option<Command> {
        let place = |ticket: &Ticket| self.place(index, entry.share, ticket);
        let contingent = |ticket: &Ticket| Contingent {
            order: place(ticket),
            trigger: None,
            stop: None,
            expires: 0,
            child: None,
        };
        Some(match entry.what {
            What::Place(ticket) => Command::Place(place(&ticket)),
            What::Stop(ticket, trigger) => Command::PlaceContingent(Box::new(Contingent {
                trigger: Some(trigger),
                ..contingent(&ticket)
            })),
            What::Oco(ticket, trigger) => Command::PlaceContingent(Box::new(Contingent {
                stop: Some(StopLeg { trigger, price: Price::ZERO }),
                ..contingent(&ticket)
            })),
            What::IfDone(ticket, price) => Command::PlaceContingent(Box::new(Contingent {
                child: Some(self.child(index, &ticket, price)),
                ..contingent(&ticket)
            })),
            What::OddLot(ticket, desk) => {
                let order = place(&ticket);
                Command::PlaceOddLot(Box::new(OddLot {
                    account: order.account,
                    instrument: order.instrument,
                    side: order.side,
                    desk,
                    quantity: order.quantity,
                    price: Price::ZERO,
                    client_id: order.client_id,
                    via: Via::System,
                    key: 0,
                }))
            }
            What::Cancel(of) => {
                let (account, order) = self.named(of, orders)?;
                Command::Cancel(Cancel { account, order, via: Via::System, key: 0 })
            }
            What::Halve(of) => {
                let quantity = self.ticket(of)?.quantity / 200 * 100;
                self.amend(of, orders, Price::ZERO, Quantity(quantity))?
            }
            What::Reprice(of, price) => self.amend(of, orders, Price(price), Quantity::ZERO)?,
        })
    }

    fn place(&self, index: u32, share: u32, ticket: &Ticket) -> Place {
        let kind = if ticket.price == 0 { OrderKind::Market } else { OrderKind::Limit };
        Place {
            kind,
            time_in_force: if ticket.at_once { TimeInForce::Ioc } else { TimeInForce::Day },
            condition: ticket.condition,
            short: ticket.short,
            ..Place::limit(
                self.account(ticket),
                self.places.instruments[share as usize],
                ticket.side,
                Price(ticket.price),
                Quantity(ticket.quantity),
                self.client_id(index, ""),
            )
        }
    }

    fn child(&self, index: u32, ticket: &Ticket, price: i64) -> Child {
        Child {
            side: ticket.side.opposite(),
            kind: OrderKind::Limit,
            price: Price(price),
            trigger: None,
            stop: None,
            time_in_force: TimeInForce::Day,
            expires: 0,
            client_id: self.client_id(index, "d"),
        }
    }

    fn client_id(&self, index: u32, which: &str) -> ClientId {
        ClientId::new(&format!("{}-{index}{which}", self.day)).unwrap_or_default()
    }

    fn account(&self, ticket: &Ticket) -> AccountId {
        AccountId(self.places.first_account.0 + ticket.account)
    }

    fn ticket(&self, of: u32) -> Option<&Ticket> {
        match &self.entries[of as usize].what {
            What::Place(ticket) => Some(ticket),
            _ => None,
        }
    }

    /// Owner and number of an entry's order, if it was taken.
    fn named(&self, of: u32, orders: &[u64]) -> Option<(AccountId, OrderId)> {
        let order = orders[of as usize];
        (order != 0).then_some((self.account(self.ticket(of)?), OrderId(order)))
    }

    fn amend(&self, of: u32, orders: &[u64], price: Price, quantity: Quantity) -> Option<Command> {
        let (account, order) = self.named(of, orders)?;
        let amend =
            Amend { account, order, price, quantity, condition: None, via: Via::System, key: 0 };
        Some(Command::Amend(amend))
    }
}
