//! Counts a day while the journal goes by.

use std::collections::HashMap;

use zaraba_engine::event::{CloseReason, DeskTrade, Trade};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event, Replica};

use super::{DaySummary, Limit, Line, Quotes, Volume};
use crate::tools::decimal;

/// Lines of each table.
const LINES: usize = 10;
/// Price units in a yen.
const UNITS: i128 = 10;

/// One instrument's day so far, in price units.
#[derive(Clone, Copy, Default)]
struct Share {
    tokyo: bool,
    base: i64,
    limits: (i64, i64),
    open: i64,
    high: i64,
    low: i64,
    last: i64,
    trades: u64,
    shares: i64,
    value: i128,
    quote: Option<Quote>,
    quoted_since: u64,
    restricted: bool,
}

/// What an order was, for as long as that matters.
#[derive(Clone, Copy)]
enum Known {
    Condition(Condition, bool),
    Stop,
    Oco,
    Child,
}

/// Counts of the day in hand, and the finished day to be shown.
pub(super) struct Tally {
    wanted: Option<u32>,
    shown: Option<DaySummary>,
    day: DaySummary,
    shares: Vec<Share>,
    known: HashMap<OrderId, Known>,
    continuous: i128,
    auctions: HashMap<AuctionKind, i128>,
    odd_lots: HashMap<Desk, i128>,
}

impl Tally {
    pub fn new(wanted: Option<u32>) -> Tally {
        Tally {
            wanted,
            shown: None,
            day: DaySummary::default(),
            shares: Vec::new(),
            known: HashMap::new(),
            continuous: 0,
            auctions: HashMap::new(),
            odd_lots: HashMap::new(),
        }
    }

    /// Takes in a command that `engine` has just applied.
    pub fn take(&mut self, engine: &Engine, at: Timestamp, command: &Command, events: &[Event]) {
        if let Command::RollDay { profile: Profile::Tse, day } = command
            && *day > self.day.day
            && let Some(Event::DayRolled { more, .. }) = events.last()
        {
            // A roll comes in slices; what ends with it belongs to the day that ends.
            self.day.commands += 1;
            self.ended(events);
            if !more {
                self.close_day(engine);
                self.day.day = *day;
            }
            return;
        }
        self.day.commands += 1;
        let mut accepted = None;
        for event in events {
            match event {
                Event::Accepted { order, .. } if accepted.is_none() => {
                    accepted = Some(*order);
                    self.accepted(*order, command);
                }
                Event::Refused { code, .. } => {
                    *self.day.refused.entry(code.code()).or_default() += 1;
                }
                event => self.event(engine, at, event),
            }
        }
    }

    fn accepted(&mut self, order: OrderId, command: &Command) {
        self.day.orders += 1;
        let known = match command {
            Command::Place(place) if place.condition != Condition::Any => {
                let name = place.condition.as_str();
                self.day.conditions.entry(name).or_default().orders += 1;
                Known::Condition(place.condition, false)
            }
            Command::PlaceContingent(contingent) => {
                self.day.contingent.if_done += u64::from(contingent.child.is_some());
                match (contingent.trigger, contingent.stop) {
                    (Some(_), _) => {
                        self.day.contingent.stop += 1;
                        Known::Stop
                    }
                    (None, Some(_)) => {
                        self.day.contingent.oco += 1;
                        Known::Oco
                    }
                    (None, None) => return,
                }
            }
            _ => return,
        };
        self.known.insert(order, known);
    }

    fn event(&mut self, engine: &Engine, at: Timestamp, event: &Event) {
        match event {
            Event::Trade(trade) => self.trade(engine, trade),
            Event::DeskTrade(trade) => self.desk_trade(trade),
            Event::Amended { .. } => self.day.amended += 1,
            Event::Closed { order, reason, .. } => self.closed(*order, *reason),
            Event::Auction { instrument, kind, end, price, quantity, .. } => {
                if !self.share(engine, *instrument).tokyo {
                    return;
                }
                *self.auctions.entry(*kind).or_default() +=
                    i128::from(price.0) * i128::from(quantity.0);
                let line = self.day.auctions.entry(kind.as_str()).or_default();
                line.shares += quantity.0;
                match end {
                    AuctionEnd::Priced => line.priced += 1,
                    AuctionEnd::Empty => line.empty += 1,
                    AuctionEnd::Unpriced => line.unpriced += 1,
                    AuctionEnd::StopAllocation => line.stop_allocation += 1,
                    AuctionEnd::SpecialExecution => line.special_execution += 1,
                }
                let closing = *kind == AuctionKind::Closing;
                self.day.unresolved_at_close += u64::from(closing && *end == AuctionEnd::Unpriced);
            }
            Event::QuoteChanged { instrument, quote } => {
                self.quote(engine, at, *instrument, *quote);
            }
            Event::Triggered { order, .. } => match self.known.get(order) {
                Some(Known::Stop | Known::Oco) => self.day.contingent.triggered += 1,
                Some(Known::Child) => self.day.contingent.activated += 1,
                _ => {}
            },
            Event::Attached { order, .. } => {
                self.known.insert(*order, Known::Child);
            }
            Event::ShortSaleRule { instrument, on: true } => {
                let share = self.share(engine, *instrument);
                let first = !std::mem::replace(&mut share.restricted, true);
                self.day.short_sale_rule += u64::from(first);
            }
            event => self.limits(engine, event),
        }
    }

    fn trade(&mut self, engine: &Engine, trade: &Trade) {
        let share = self.share(engine, trade.instrument);
        if !share.tokyo {
            return;
        }
        let (price, quantity) = (trade.price.0, trade.quantity.0);
        if share.trades == 0 {
            (share.open, share.high, share.low) = (price, price, price);
        }
        (share.high, share.low) = (share.high.max(price), share.low.min(price));
        share.last = price;
        share.trades += 1;
        share.shares += quantity;
        let value = i128::from(price) * i128::from(quantity);
        share.value += value;
        self.day.total.trades += 1;
        if !trade.auction {
            self.day.continuous.trades += 1;
            self.day.continuous.shares += quantity;
            self.continuous += value;
        }
        for order in [trade.maker, trade.taker] {
            if let Some(Known::Condition(condition, filled @ false)) = self.known.get_mut(&order) {
                *filled = true;
                self.day.conditions.entry(condition.as_str()).or_default().executed += 1;
            }
        }
    }

    fn desk_trade(&mut self, trade: &DeskTrade) {
        let line = self.day.odd_lots.entry(trade.desk.as_str()).or_default();
        line.trades += 1;
        line.shares += trade.quantity.0;
        // Minor units are 1/10,000 of a yen.
        *self.odd_lots.entry(trade.desk).or_default() += i128::from(trade.amount.0);
    }

    fn closed(&mut self, order: OrderId, reason: CloseReason) {
        match reason {
            CloseReason::Cancelled | CloseReason::CancelledMany => self.day.cancelled += 1,
            CloseReason::Expired | CloseReason::OffTick | CloseReason::OffLimits => {
                self.day.expired += 1;
            }
            _ => {}
        }
        if let Some(Known::Condition(condition, false)) = self.known.remove(&order) {
            self.day.conditions.entry(condition.as_str()).or_default().unexecuted += 1;
        }
    }

    fn ended(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Closed { order, reason, .. } = event {
                self.closed(*order, *reason);
            }
        }
    }

    fn quote(&mut self, engine: &Engine, at: Timestamp, instrument: InstrumentId, quote: Quote) {
        let share = self.share(engine, instrument);
        if !share.tokyo {
            return;
        }
        let before = share.quote;
        let since = share.quoted_since;
        share.quote = (quote.kind != QuoteKind::Free).then_some(quote);
        let continues = before.is_some_and(|before| before.kind == quote.kind);
        if !continues {
            share.quoted_since = at.0;
        }
        if let Some(before) = before {
            let seconds = at.0.saturating_sub(since) / 1_000_000_000;
            let of = quotes(&mut self.day, before.kind);
            of.longest_seconds = of.longest_seconds.max(seconds);
        }
        if quote.kind != QuoteKind::Free {
            let of = quotes(&mut self.day, quote.kind);
            let renewed = continues && before.is_some_and(|before| before.price != quote.price);
            of.renewals += u64::from(renewed);
            of.count += u64::from(!continues);
        }
    }

    fn limits(&mut self, engine: &Engine, event: &Event) {
        // Those of a roll are read when it is complete.
        if let Event::PriceLimitsChanged { instrument } | Event::InstrumentCreated { instrument } =
            event
        {
            let state = engine.instrument(*instrument);
            let share = self.share(engine, *instrument);
            if let Some(state) = state {
                share.base = state.spec.base_price.0;
                share.limits = (state.spec.limit_down.0, state.spec.limit_up.0);
            }
        }
    }

    /// The instrument's figures; what it is, is asked of the engine once.
    fn share(&mut self, engine: &Engine, instrument: InstrumentId) -> &mut Share {
        let index = instrument.0 as usize;
        while self.shares.len() <= index {
            let id = InstrumentId(self.shares.len() as u32);
            self.shares.push(fresh(engine, id));
        }
        &mut self.shares[index]
    }

    /// Puts the day in hand away, and begins another with the same instruments.
    fn close_day(&mut self, engine: &Engine) {
        let mut day = std::mem::take(&mut self.day);
        let any = day.orders > 0 || !day.auctions.is_empty() || day.total.trades > 0;
        let wanted = self.wanted.map_or(any, |wanted| wanted == day.day);
        if wanted {
            self.totals(&mut day);
            self.lines(engine, &mut day);
            self.shown = Some(day);
        }
        for (id, share) in self.shares.iter_mut().enumerate() {
            let (quote, quoted_since) = (share.quote, share.quoted_since);
            *share = Share { quote, quoted_since, ..fresh(engine, InstrumentId(id as u32)) };
        }
        self.continuous = 0;
        self.auctions.clear();
        self.odd_lots.clear();
    }

    fn totals(&self, day: &mut DaySummary) {
        let yen = |value: i128| (value / UNITS) as i64;
        day.continuous.yen = yen(self.continuous);
        for (kind, value) in &self.auctions {
            day.auctions.entry(kind.as_str()).or_default().yen = yen(*value);
        }
        for (desk, amount) in &self.odd_lots {
            day.odd_lots.entry(desk.as_str()).or_default().yen = (amount / 10_000) as i64;
        }
        let tokyo = || self.shares.iter().filter(|share| share.tokyo);
        day.instruments = tokyo().count() as u64;
        day.traded = tokyo().filter(|share| share.trades > 0).count() as u64;
        day.total.shares = tokyo().map(|share| share.shares).sum();
        day.total.yen = yen(tokyo().map(|share| share.value).sum());
        for share in tokyo().filter(|share| share.trades > 0) {
            let (down, up) = share.limits;
            note_limit(&mut day.limit_up, up, share.high, share.last);
            note_limit(&mut day.limit_down, down, share.low, share.last);
        }
    }

    fn lines(&self, engine: &Engine, day: &mut DaySummary) {
        let traded = self.shares.iter().enumerate().filter(|(_, s)| s.tokyo && s.trades > 0);
        let mut all: Vec<(usize, &Share)> = traded.collect();
        let change = |share: &Share| match share.base {
            0 => 0.0,
            base => (share.last - base) as f64 * 100.0 / base as f64,
        };
        let mut top = |order: &dyn Fn(&Share) -> f64| -> Vec<Line> {
            // Equal ones by number, so that the table is the same every time.
            all.sort_by(|a, b| order(b.1).total_cmp(&order(a.1)).then(a.0.cmp(&b.0)));
            all.iter().take(LINES).map(|(id, share)| line(engine, *id, share)).collect()
        };
        day.most_traded = top(&|share| share.value as f64);
        day.gainers = top(&change);
        day.losers = top(&|share| -change(share));
        day.gainers.retain(|line| line.percent > 0.0);
        day.losers.retain(|line| line.percent < 0.0);
    }

    /// The day to be shown, if there was one.
    pub fn finish(mut self, engine: &Replica) -> Option<DaySummary> {
        self.close_day(engine);
        let mut shown = self.shown?;
        (shown.seq, shown.state_hash) = (engine.seq(), engine.state_hash());
        Some(shown)
    }
}

/// An instrument at the beginning of a day.
fn fresh(engine: &Engine, instrument: InstrumentId) -> Share {
    let state = engine.instrument(instrument);
    state.map_or_else(Share::default, |state| Share {
        tokyo: state.spec.profile == Profile::Tse,
        base: state.spec.base_price.0,
        limits: (state.spec.limit_down.0, state.spec.limit_up.0),
        ..Share::default()
    })
}

fn quotes(day: &mut DaySummary, kind: QuoteKind) -> &mut Quotes {
    match kind {
        QuoteKind::Sequential => &mut day.sequential_quotes,
        QuoteKind::Special | QuoteKind::Free => &mut day.special_quotes,
    }
}

fn note_limit(to: &mut Limit, limit: i64, extreme: i64, last: i64) {
    if limit > 0 {
        to.touched += u64::from(extreme == limit);
        to.closed += u64::from(last == limit);
    }
}

fn line(engine: &Engine, id: usize, share: &Share) -> Line {
    let spec = engine.instrument(InstrumentId(id as u32)).map(|state| state.spec);
    let text = |pick: fn(&zaraba_engine::instrument::InstrumentSpec) -> String| {
        spec.as_ref().map(pick).unwrap_or_default()
    };
    let yen = |price: i64| decimal::format(price, 1);
    let percent = match share.base {
        0 => 0.0,
        base => (share.last - base) as f64 * 100.0 / base as f64,
    };
    Line {
        symbol: text(|spec| spec.symbol.to_string()),
        name: text(|spec| spec.name.to_string()),
        base: yen(share.base),
        open: yen(share.open),
        high: yen(share.high),
        low: yen(share.low),
        close: yen(share.last),
        percent: (percent * 100.0).round() / 100.0,
        volume: Volume {
            trades: share.trades,
            shares: share.shares,
            yen: (share.value / UNITS) as i64,
        },
    }
}
