//! The whole market state behind one lock: all listings, who is subscribed to what, and how
//! a released batch changes them. The market thread is the only writer of listings;
//! sessions add and remove subscriptions.

use std::collections::HashMap;
use std::sync::Arc;

use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

use super::candles::Interval;
use super::client::{Channel, Client};
use super::gathering::gathers;
use super::ladder::Diff;
use super::listing::{Auction, Listing};
use super::metrics::METRICS;
use crate::bus::Step;
use crate::config;
use crate::live::rules::{HaltNote, Rules};

/// All listings and subscriptions.
pub struct Board {
    /// Last sequence taken in.
    pub seq: Seq,
    /// Its time.
    pub at: Timestamp,
    /// By instrument number.
    pub listings: Vec<Listing>,
    /// Numbers by symbol.
    pub symbols: HashMap<String, InstrumentId>,
    /// Orders accepted since the start.
    pub orders: u64,
    /// Trades since the start.
    pub trades: u64,
    subscribers: HashMap<Channel, Vec<Arc<Client>>>,
    /// Listings that wait for the next publication.
    waiting: Vec<InstrumentId>,
    /// Listings with trades not yet sent.
    traded: Vec<InstrumentId>,
    /// Listings whose phase was changed by the command in hand.
    stands: Vec<InstrumentId>,
    /// Kill switches and reasons of halts.
    rules: Rules,
    kept: config::Market,
}

impl Board {
    /// The board of an engine's state.
    pub fn new(kept: &config::Market, engine: &Engine) -> Board {
        let mut board = Board {
            seq: engine.seq(),
            at: Timestamp(0),
            listings: Vec::new(),
            symbols: HashMap::new(),
            orders: 0,
            trades: 0,
            subscribers: HashMap::new(),
            waiting: Vec::new(),
            traded: Vec::new(),
            stands: Vec::new(),
            rules: Rules::of(engine),
            kept: kept.clone(),
        };
        for (instrument, state) in engine.instruments() {
            board.list(instrument, &state);
            let listing = &mut board.listings[instrument.0 as usize];
            listing.killed = board.rules.killed(instrument);
            listing.footing = engine.footing(instrument).unwrap_or_default();
            let ladder = &mut board.listings[instrument.0 as usize].ladder;
            for side in [Side::Buy, Side::Sell] {
                for level in engine.depth(instrument, side) {
                    ladder.seed(side, level.price, level.quantity);
                }
                ladder.seed_market(side, engine.market_orders(instrument, side).quantity);
            }
        }
        board
    }

    fn list(&mut self, instrument: InstrumentId, state: &InstrumentState) {
        assert_eq!(instrument.0 as usize, self.listings.len(), "instrument numbers are dense");
        self.symbols.insert(state.spec.symbol.to_string(), instrument);
        let (trades, candles) = (self.kept.trades_kept, self.kept.candles_kept);
        self.listings.push(Listing::new(state, self.seq, trades, candles));
    }

    /// The listing of an instrument.
    pub fn listing(&self, instrument: InstrumentId) -> Option<&Listing> {
        self.listings.get(instrument.0 as usize)
    }

    /// The listing with a symbol.
    pub fn by_symbol(&self, symbol: &str) -> Option<(InstrumentId, &Listing)> {
        let instrument = *self.symbols.get(symbol)?;
        Some((instrument, self.listing(instrument)?))
    }

    fn touch(&mut self, instrument: InstrumentId, seq: Seq) -> &mut Listing {
        let listing = &mut self.listings[instrument.0 as usize];
        listing.seq = seq;
        if !listing.waiting {
            listing.waiting = true;
            self.waiting.push(instrument);
        }
        listing
    }

    /// Takes in one command and what it did.
    pub fn apply(&mut self, step: &Step, events: &[Event]) {
        (self.seq, self.at) = (step.seq, step.at);
        for event in events {
            match event {
                Event::Level { instrument, side, price, quantity, .. } => {
                    let listing = self.touch(*instrument, step.seq);
                    if listing.ladder.set(*side, *price, *quantity) {
                        listing.ticker_changed = true;
                    }
                }
                Event::Trade(trade) => {
                    self.trades += 1;
                    let listing = self.touch(trade.instrument, step.seq);
                    let first = listing.unpublished.is_empty();
                    listing.traded(trade, step.seq, step.at);
                    if first {
                        self.traded.push(trade.instrument);
                    }
                }
                Event::Accepted { .. } => self.orders += 1,
                Event::InstrumentCreated { instrument } => {
                    if let Command::CreateInstrument(spec) = &step.command {
                        self.list(*instrument, &InstrumentState::created(spec));
                    }
                }
                Event::Auction { instrument, kind, end, price, quantity, surplus } => {
                    let (kind, end, price) = (*kind, *end, *price);
                    let auction =
                        Auction { kind, end, price, quantity: *quantity, surplus: *surplus };
                    self.auctioned(*instrument, &auction, step);
                }
                Event::KillChanged { scope: KillScope::Venue, .. } => {
                    self.rules.follow(&step.command, event);
                    for number in 0..self.listings.len() as u32 {
                        self.stands(InstrumentId(number), step, event);
                    }
                }
                Event::Triggered { .. } => METRICS.triggers.inc(),
                Event::RiskWarning { measure, .. } => {
                    METRICS.risk_warnings.with_label_values(&[measure.as_str()]).inc();
                }
                event => {
                    if let Event::QuoteChanged { quote, .. } = event
                        && quote.kind != QuoteKind::Free
                    {
                        METRICS.quotes.with_label_values(&[quote.kind.as_str()]).inc();
                    }
                    self.rules.follow(&step.command, event);
                    METRICS.kill_switches.set(self.rules.kills.len() as i64);
                    if let Some(instrument) = event.changes_instrument() {
                        self.stands(instrument, step, event);
                    }
                }
            }
        }
        for instrument in std::mem::take(&mut self.stands) {
            let listing = &mut self.listings[instrument.0 as usize];
            listing.phase_changed = false;
            let channel = Channel::Phase(instrument);
            if self.wanted(channel) {
                let message = self.listings[instrument.0 as usize].phase_message(step.seq);
                let message = axum::extract::ws::Utf8Bytes::from(message);
                self.send_all(channel, |client| client.send(message.clone()));
            }
        }
    }

    /// An event about how an instrument stands. All of a command are told in one message.
    fn stands(&mut self, instrument: InstrumentId, step: &Step, event: &Event) {
        let note = self.rules.halt_notes.get(&instrument).cloned();
        let killed = self.rules.killed(instrument);
        let listing = self.touch(instrument, step.seq);
        let first = !listing.phase_changed;
        listing.stands(instrument, &step.command, event);
        (listing.halt_note, listing.killed) = (note, killed);
        if first {
            self.stands.push(instrument);
        }
    }

    fn auctioned(&mut self, instrument: InstrumentId, auction: &Auction, step: &Step) {
        METRICS.auctions.with_label_values(&[auction.kind.as_str(), auction.end.as_str()]).inc();
        let listing = self.touch(instrument, step.seq);
        listing.auctioned(auction, step.seq, step.at);
        let channel = Channel::Auction(instrument);
        if self.wanted(channel)
            && let Some(message) = self.listings[instrument.0 as usize].auction_result()
        {
            let message = axum::extract::ws::Utf8Bytes::from(message);
            self.send_all(channel, |client| client.send(message.clone()));
        }
    }

    /// Puts in why instruments were halted before the start.
    pub fn warm_reasons(&mut self, reasons: &[(InstrumentId, String)]) {
        for (instrument, reason) in reasons {
            let Some(listing) = self.listings.get_mut(instrument.0 as usize) else { continue };
            let halted = listing.state.status != InstrumentStatus::Open;
            if listing.halt_note.is_none() && (halted || listing.state.halts != Halts(0)) {
                let note = HaltNote { reason: reason.clone(), by: None };
                listing.halt_note = Some(note.clone());
                self.rules.halt_notes.insert(*instrument, note);
            }
        }
    }

    fn send_all(&mut self, channel: Channel, send: impl Fn(&Arc<Client>)) {
        if let Some(clients) = self.subscribers.get_mut(&channel) {
            clients.retain(|client| !client.is_gone());
            clients.iter().for_each(send);
        }
    }

    fn wanted(&self, channel: Channel) -> bool {
        self.subscribers.get(&channel).is_some_and(|clients| !clients.is_empty())
    }

    /// Sends every trade not yet sent, one message per instrument.
    pub fn publish_trades(&mut self) {
        for instrument in std::mem::take(&mut self.traded) {
            let channel = Channel::Trades(instrument);
            let wanted = self.wanted(channel);
            let listing = &mut self.listings[instrument.0 as usize];
            if !wanted {
                listing.unpublished.clear();
            } else if let Some(message) = listing.take_trades_message() {
                let message = axum::extract::ws::Utf8Bytes::from(message);
                self.send_all(channel, |client| client.send(message.clone()));
            }
        }
    }

    /// Sends depth differences, tickers and candles of every listing that changed.
    pub fn publish_states(&mut self, now: Timestamp) {
        for instrument in std::mem::take(&mut self.waiting) {
            let listing = &mut self.listings[instrument.0 as usize];
            listing.waiting = false;
            self.publish_depth(instrument);
            self.publish_candles(instrument);
            self.publish_auction(instrument);
            let channel = Channel::Ticker(instrument);
            let changed = std::mem::take(&mut self.listings[instrument.0 as usize].ticker_changed);
            if changed && self.wanted(channel) {
                let message = self.listings[instrument.0 as usize].ticker_message(now, self.seq);
                let message = axum::extract::ws::Utf8Bytes::from(message);
                self.send_all(channel, |client| {
                    client.send_state(channel, Timestamp(0), message.clone());
                });
            }
        }
    }

    fn publish_depth(&mut self, instrument: InstrumentId) {
        let channel = Channel::Depth(instrument);
        let wanted = self.wanted(channel);
        let ladder = &mut self.listings[instrument.0 as usize].ladder;
        let units = ladder.units().clone();
        // Taken also when nobody listens: the chain of sequences goes on.
        let Some(changes) = ladder.take_changes(self.seq) else { return };
        if wanted {
            let diff = Arc::new(Diff { message: changes.render(&units), changes });
            self.send_all(channel, |client| client.send_diff(channel, &units, &diff));
        }
    }

    /// The outlook of a listing that changed: while orders gather, and once after.
    fn publish_auction(&mut self, instrument: InstrumentId) {
        let channel = Channel::Auction(instrument);
        if !self.wanted(channel) {
            return;
        }
        let listing = &mut self.listings[instrument.0 as usize];
        let gathers = gathers(&listing.state);
        if !gathers && !std::mem::replace(&mut listing.outlook_told, gathers) {
            return;
        }
        listing.outlook_told = gathers;
        let message = axum::extract::ws::Utf8Bytes::from(listing.auction_message(self.seq));
        self.send_all(channel, |client| client.send_state(channel, Timestamp(0), message.clone()));
    }

    fn publish_candles(&mut self, instrument: InstrumentId) {
        let listing = &mut self.listings[instrument.0 as usize];
        for (interval, start) in std::mem::take(&mut listing.unpublished_candles) {
            let channel = Channel::Candles(instrument, interval);
            if !self.wanted(channel) {
                continue;
            }
            let listing = &self.listings[instrument.0 as usize];
            if let Some(candle) = listing.series(interval).at(start) {
                let message = listing.candle_message(interval, candle, self.seq);
                let message = axum::extract::ws::Utf8Bytes::from(message);
                self.send_all(channel, |client| {
                    client.send_state(channel, start, message.clone());
                });
            }
        }
    }

    /// Subscribes a client and queues the channel's state, so that what follows fits it.
    pub fn subscribe(&mut self, client: &Arc<Client>, channel: Channel, now: Timestamp) {
        let clients = self.subscribers.entry(channel).or_default();
        if clients.iter().any(|known| known.id == client.id) {
            return;
        }
        clients.push(client.clone());
        let seq = self.seq;
        match channel {
            Channel::Depth(instrument) => {
                let snapshot = self.listings[instrument.0 as usize].ladder.snapshot(seq);
                client.send_snapshot(channel, snapshot);
            }
            Channel::Ticker(instrument) => {
                let listing = &self.listings[instrument.0 as usize];
                client.send(listing.ticker_message(now, seq).into());
            }
            Channel::Candles(instrument, interval) => {
                let listing = &self.listings[instrument.0 as usize];
                if let Some(candle) = listing.series(interval).last() {
                    client.send(listing.candle_message(interval, candle, seq).into());
                }
            }
            Channel::Phase(instrument) => {
                client.send(self.listings[instrument.0 as usize].phase_message(seq).into());
            }
            Channel::Auction(instrument) => {
                client.send(self.listings[instrument.0 as usize].auction_message(seq).into());
            }
            // Trades not yet published would come again to those who read them by REST, and
            // are all after the moment of subscribing: nothing to send.
            Channel::Trades(_) => {}
        }
    }

    /// Ends a subscription.
    pub fn unsubscribe(&mut self, client: &Arc<Client>, channel: Channel) {
        if let Some(clients) = self.subscribers.get_mut(&channel) {
            clients.retain(|known| known.id != client.id);
            if clients.is_empty() {
                self.subscribers.remove(&channel);
            }
        }
        client.forget(channel);
    }

    /// The channel written as `kind:symbol` or `candles:symbol:interval`.
    ///
    /// # Errors
    /// [`ChannelError`]: which part is not known.
    pub fn channel(&self, text: &str) -> Result<Channel, ChannelError> {
        let mut parts = text.split(':');
        let (kind, symbol, third) = (parts.next(), parts.next(), parts.next());
        let kind = match (kind, third) {
            (Some("candles"), Some(interval)) => {
                let interval = Interval::parse(interval).ok_or(ChannelError::Channel)?;
                move |instrument| Channel::Candles(instrument, interval)
            }
            (Some("depth"), None) => return self.plain(symbol, Channel::Depth),
            (Some("trades"), None) => return self.plain(symbol, Channel::Trades),
            (Some("ticker"), None) => return self.plain(symbol, Channel::Ticker),
            (Some("phase"), None) => return self.plain(symbol, Channel::Phase),
            (Some("auction"), None) => return self.plain(symbol, Channel::Auction),
            _ => return Err(ChannelError::Channel),
        };
        if parts.next().is_some() {
            return Err(ChannelError::Channel);
        }
        self.plain(symbol, kind)
    }

    fn plain(
        &self,
        symbol: Option<&str>,
        kind: impl Fn(InstrumentId) -> Channel,
    ) -> Result<Channel, ChannelError> {
        let symbol = symbol.ok_or(ChannelError::Channel)?;
        self.symbols.get(symbol).copied().map(kind).ok_or(ChannelError::Instrument)
    }
}

/// Why a channel's name means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelError {
    /// No such kind of channel or interval.
    Channel,
    /// No such instrument.
    Instrument,
}
