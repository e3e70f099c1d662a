//! The two hashes of the engine, both of folded multiplies: the keyed one that spreads names
//! over index tables, and the running one that says whether two engines saw and did the same.
//!
//! Neither is cryptographic. The index hash is keyed with `Genesis.hash_seed` so that clients
//! cannot aim at one bucket; tamper evidence is the journal's chain, not this.

use crate::command::{Command, Place, StopLeg, TradeTerms};
use crate::event::Event;
use crate::types::*;

const K0: u64 = 0x2d35_8dcc_aa6c_78a5;
const K1: u64 = 0x8bb8_4b93_962e_acc9;
const K2: u64 = 0x4b33_a62e_d433_d4a3;
const K3: u64 = 0x4d5a_2da5_1de1_aa47;
const K4: u64 = 0xa076_1d64_78bd_642f;
const K5: u64 = 0xe703_7ed1_a0b4_28db;

/// The 128-bit product of both, folded to 64 bits.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Hashes names for the index tables, keyed.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Keyed {
    seed: [u64; 2],
}

impl Keyed {
    pub(crate) fn new(seed: [u64; 2]) -> Keyed {
        Keyed { seed }
    }

    pub(crate) fn seed(&self) -> [u64; 2] {
        self.seed
    }

    /// Hash of two numbers.
    #[inline]
    pub(crate) fn pair(&self, a: u32, b: u32) -> u64 {
        let word = u64::from(a) << 32 | u64::from(b);
        fold(fold(word ^ self.seed[0], K0) ^ self.seed[1], K1)
    }

    /// Hash of a number and a text.
    #[inline]
    pub(crate) fn text<const N: usize>(&self, tag: u32, text: &Text<N>) -> u64 {
        // Padding is zeros: the length keeps texts apart that differ by some.
        let begin = u64::from(tag) << 8 ^ text.as_bytes().len() as u64;
        let [seed, other] = self.seed;
        let keys = [other ^ K3, other ^ K2, other ^ K5];
        let mut mixed = 0u64;
        let (pairs, rest) = text.padded().as_chunks::<16>();
        for (i, pair) in pairs.iter().enumerate() {
            // Each pair for itself: none waits for the one before it.
            let (low, high) = pair.split_at(8);
            mixed = fold(word(low) ^ seed, word(high) ^ keys[i % 3]) ^ mixed.rotate_left(23);
        }
        let (low, high) = rest.split_at(rest.len().min(8));
        fold(mixed ^ word(low) ^ begin ^ seed, word(high) ^ other ^ K4 ^ mixed.rotate_left(32))
    }
}

/// Up to eight bytes as a little-endian number.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    if let Ok(whole) = <[u8; 8]>::try_from(bytes) {
        return u64::from_le_bytes(whole);
    }
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(whole)
}

/// Weights of the words of one event or command: odd, and small enough to be part of the
/// multiplication.
const WEIGHTS: [u64; 20] = [
    0x6c8e_944d,
    0x2545_f491,
    0x7a37_39d5,
    0x4be9_8135,
    0x1b87_3593,
    0x5bd1_e995,
    0x3c6e_f377,
    0x6f4f_28fb,
    0x27d4_eb2f,
    0x165e_67b1,
    0x4cf5_ad43,
    0x7feb_352d,
    0x046c_a68b,
    0x3243_f6a9,
    0x5851_f42d,
    0x1405_7b7f,
    0x6eed_0e9d,
    0x2f64_3d4f,
    0x5a82_79a7,
    0x19d6_99a5,
];
/// What the sum so far is multiplied with before the next event joins it.
const NEXT: u64 = 0x5f35_6495;

/// The weighted sum of words. One that differs in a single word is another sum, whatever the word.
#[inline(always)]
fn sum<const N: usize>(words: [u64; N]) -> u64 {
    let mut sum = 0u64;
    let mut i = 0;
    while i < N {
        sum = sum.wrapping_add(words[i].wrapping_mul(WEIGHTS[i]));
        i += 1;
    }
    sum
}

/// A hash over everything that happened so far: a polynomial over the weighted sums of a command
/// and of each of its events, folded once per command.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Running(pub(crate) u64);

/// A command being taken in: itself, and its first events. Events in front of which none is missing
/// are taken in as they are told, while all they say is at hand; the rest at the end.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Telling {
    so_far: Running,
    /// How many events there are in front of the next one to be taken in.
    told: usize,
}

impl Telling {
    /// Takes in the command, a new order.
    #[inline(always)]
    pub(crate) fn place(&mut self, place: &Place) {
        self.so_far.placed(place);
    }

    /// Takes in the command, of any kind.
    #[inline(never)]
    pub(crate) fn command(&mut self, command: &Command) {
        self.so_far.command(command);
    }

    /// Appends an event, and takes it in if none before it is missing.
    #[inline(always)]
    pub(crate) fn tell(&mut self, events: &mut Vec<Event>, event: Event) {
        if events.len() == self.told {
            self.so_far.event(&event);
            self.told += 1;
        }
        events.push(event);
    }
}

impl Running {
    /// Takes in one command, when and where in the journal it was, and what it did.
    #[cfg(any(test, feature = "oracle"))]
    pub(crate) fn step(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &[Event]) {
        let mut telling = self.begin(seq, at, 0);
        telling.so_far.command(command);
        self.end(telling, events);
    }

    /// Begins to take in the command that was at this time and place in the journal, whose events
    /// come after `first` others.
    #[inline(always)]
    pub(crate) fn begin(&self, seq: Seq, at: Timestamp, first: usize) -> Telling {
        let mut so_far = *self;
        so_far.take([seq.0, at.0]);
        Telling { so_far, told: first }
    }

    /// Takes in what a command did, as far as that was not told yet: `events` are all there are.
    #[inline(always)]
    pub(crate) fn end(&mut self, telling: Telling, events: &[Event]) {
        let mut all = telling.so_far;
        for event in events.get(telling.told..).unwrap_or_default() {
            all.event(event);
        }
        self.0 = fold(all.0 ^ K0, K4).wrapping_add(K5);
    }

    /// Takes in words.
    #[inline(always)]
    fn take<const N: usize>(&mut self, words: [u64; N]) {
        self.0 = self.0.wrapping_mul(NEXT).wrapping_add(sum(words));
    }

    /// Takes in a new order. What orders got later than the first journals is zero in those.
    #[inline]
    fn placed(&mut self, p: &Place) {
        let id = p.client_id.padded();
        let flags = p.side as u64
            | (p.kind as u64) << 8
            | (p.time_in_force as u64) << 16
            | u64::from(p.post_only) << 24
            | (p.client_id.as_bytes().len() as u64) << 32
            | (p.condition as u64) << 40
            | (p.self_trade as u64) << 44
            | (p.short as u64) << 48
            | u64::from(p.by_amount) << 52;
        self.take([
            u64::from(p.account.0) << 32 | u64::from(p.instrument.0),
            flags,
            p.price.0 as u64,
            p.quantity.0 as u64,
            word(&id[..8]),
            word(&id[8..16]),
            word(&id[16..24]),
            word(&id[24..32]),
            word(&id[32..]),
        ]);
    }

    /// Takes in any number of words.
    fn words(&mut self, words: &[u64]) {
        for pair in words.chunks(2) {
            self.take([pair[0], pair.get(1).copied().unwrap_or(0)]);
        }
    }

    /// Takes in a text.
    fn take_text<const N: usize>(&mut self, text: &Text<N>) {
        for chunk in text.padded().chunks(8) {
            self.take([word(chunk), text.as_bytes().len() as u64]);
        }
    }

    /// Takes in what a command's events do not repeat.
    #[inline(always)]
    fn command(&mut self, command: &Command) {
        match command {
            Command::Place(p) => self.placed(p),
            Command::Amend(amend) => {
                if let Some(condition) = amend.condition {
                    self.take([condition as u64]);
                }
            }
            Command::Cancel(_) | Command::CancelMany(_) => {}
            Command::Attributed(_) => self.attributed(command.plain()),
            other => self.rare_command(other),
        }
    }

    /// Who gave a command makes no difference.
    #[cold]
    #[inline(never)]
    fn attributed(&mut self, plain: &Command) {
        self.command(plain);
    }

    #[cold]
    fn rare_command(&mut self, command: &Command) {
        match command {
            Command::Genesis { limits, hash_seed } => self.take([
                hash_seed[0],
                hash_seed[1],
                u64::from(limits.accounts),
                u64::from(limits.instruments),
                u64::from(limits.assets),
                u64::from(limits.live_orders),
                u64::from(limits.answers),
                u64::from(limits.balances),
            ]),
            Command::CreateAsset(spec) => {
                self.take_text(&spec.code);
                self.take([u64::from(spec.exponent)]);
            }
            Command::CreateInstrument(spec) => {
                self.take_text(&spec.symbol);
                self.take_text(&spec.name);
                let (rule, tick) = crate::instrument::tick_rule_number(spec.ticks);
                self.take([
                    u64::from(spec.base_asset.0) << 32 | u64::from(spec.quote_asset.0),
                    spec.profile as u64
                        | u64::from(spec.price_digits) << 8
                        | u64::from(spec.quantity_digits) << 16
                        | u64::from(rule) << 24
                        | u64::from(spec.market_band_ppm) << 32,
                    tick as u64,
                    spec.lot.0 as u64,
                    spec.min_quantity.0 as u64,
                    spec.max_quantity.0 as u64,
                    spec.base_price.0 as u64,
                    spec.limit_down.0 as u64,
                    spec.limit_up.0 as u64,
                    spec.maker_fee_ppm as u64,
                    spec.taker_fee_ppm as u64,
                    u64::from(spec.open_order_cap),
                ]);
                if spec.session_rules || spec.listed_shares.0 != 0 {
                    self.take([u64::from(spec.session_rules), spec.listed_shares.0 as u64]);
                }
                let market = (spec.market_min_quantity.0, spec.market_max_quantity.0);
                if market != (0, 0) {
                    self.take([market.0 as u64, market.1 as u64, 1]);
                }
            }
            Command::CreateAccount { code } => self.take_text(code),
            Command::SetPriceLimits { base_price, limit_down, limit_up, .. } => {
                self.take([base_price.0 as u64, limit_down.0 as u64, limit_up.0 as u64]);
            }
            Command::Transfer { transfer: t, .. } => {
                self.take([t.kind as u64, u64::from(t.account.0), t.amount.0 as u64]);
                self.take([u64::from(t.asset.0)]);
                self.take_text(&t.reference);
            }
            Command::RollDay { profile, day } => self.take([*profile as u64, u64::from(*day)]),
            Command::PlaceContingent(c) => {
                self.placed(&c.order);
                let trigger = |t: Option<Trigger>| match t {
                    None => [0, 0],
                    Some(t) => [1 + t.when as u64, t.price.0 as u64],
                };
                let leg = |leg: Option<StopLeg>| {
                    let price = leg.map_or(0, |leg| leg.price.0 as u64);
                    let [when, at] = trigger(leg.map(|leg| leg.trigger));
                    [when, at, price]
                };
                self.words(&trigger(c.trigger));
                self.words(&leg(c.stop));
                self.words(&[u64::from(c.expires), u64::from(c.child.is_some())]);
                if let Some(child) = &c.child {
                    self.words(&[
                        child.side as u64
                            | (child.kind as u64) << 8
                            | (child.time_in_force as u64) << 16,
                        child.price.0 as u64,
                        u64::from(child.expires),
                    ]);
                    self.words(&trigger(child.trigger));
                    self.words(&leg(child.stop));
                    self.take_text(&child.client_id);
                }
            }
            Command::PlaceOddLot(o) => {
                self.words(&[
                    u64::from(o.account.0) << 32 | u64::from(o.instrument.0),
                    o.side as u64 | (o.desk as u64) << 8,
                    o.quantity.0 as u64,
                    o.price.0 as u64,
                ]);
                self.take_text(&o.client_id);
            }
            Command::SetOddLotTerms { terms, .. } => self.words(&[
                u64::from(terms.batch) | u64::from(terms.principal) << 8,
                u64::from(terms.spread_ppm),
                terms.max_quantity.0 as u64,
                terms.max_value.0 as u64,
                terms.round_to.0 as u64,
            ]),
            Command::SetListedShares { shares, .. } => self.words(&[shares.0 as u64]),
            Command::SetBreaker { breaker: b, .. } => self.words(&[
                b.mode as u64,
                u64::from(b.window_seconds),
                u64::from(b.trigger_ppm),
                u64::from(b.call_seconds),
                u64::from(b.bound_ppm),
            ]),
            Command::StartCall { instrument, kind, seconds, .. } => {
                self.words(&[u64::from(instrument.0), *kind as u64, u64::from(*seconds)]);
            }
            Command::SetFeeTiers { tiers, .. } => {
                self.words(&[u64::from(tiers.asset.0), u64::from(tiers.len)]);
                for tier in &tiers.tiers {
                    self.words(&[
                        tier.volume.0 as u64,
                        tier.maker_ppm as u64,
                        tier.taker_ppm as u64,
                    ]);
                }
            }
            Command::SetRiskLimits { limits, .. } => {
                self.words(&[u64::from(limits.currency.0)]);
                for bound in &limits.bounds {
                    self.words(&[bound.soft as u64, bound.hard as u64]);
                }
            }
            Command::Session { profile, day, step, until } => {
                self.words(&[*profile as u64, u64::from(*day), *step as u64, until.0]);
            }
            Command::SetTicks { ticks, .. } => {
                let (rule, tick) = crate::instrument::tick_rule_number(*ticks);
                self.words(&[u64::from(rule), tick as u64]);
            }
            Command::CorrectTrade { correction: c, .. } => {
                self.words(&[
                    c.trade.0,
                    u64::from(c.instrument.0),
                    u64::from(c.buyer.0) << 32 | u64::from(c.seller.0),
                    c.price.0 as u64,
                    c.quantity.0 as u64,
                ]);
                self.words(&trade_terms(&c.before));
                // Journals from before there was a choice have the hash they had.
                if c.desk {
                    self.take([1]);
                }
            }
            Command::Anchor { anchor, .. } => {
                self.take_text(&anchor.what);
                self.take([anchor.count]);
                for part in anchor.hash.chunks(8) {
                    self.take([word(part)]);
                }
            }
            // Their events say all of it, or they were taken in above.
            Command::Attributed(_)
            | Command::SetAccountStatus { .. }
            | Command::SetInstrumentStatus { .. }
            | Command::Wake
            | Command::SetHalts { .. }
            | Command::SetGroup { .. }
            | Command::SetFirm { .. }
            | Command::SetParticipants { .. }
            | Command::SetKill { .. }
            | Command::Place(_)
            | Command::Amend(_)
            | Command::Cancel(_)
            | Command::CancelMany(_) => {}
        }
    }

    /// Takes in one event.
    #[inline(always)]
    fn event(&mut self, event: &Event) {
        match *event {
            Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                self.take([
                    1 | (cause as u64) << 8 | u64::from(asset.0) << 32,
                    u64::from(account.0),
                    total.0 as u64,
                    locked.0 as u64,
                    delta.0 as u64,
                    reference,
                ]);
            }
            Event::Settled(s) => self.take([
                60 | (s.side as u64) << 8 | u64::from(s.account.0) << 32,
                u64::from(s.quote.0) << 32 | u64::from(s.base.0),
                s.trade.0,
                s.gross.0 as u64,
                s.fee.0 as u64,
                s.moved.0 as u64,
                s.quote_total.0 as u64,
                s.quote_locked.0 as u64,
                s.base_total.0 as u64,
                s.base_locked.0 as u64,
            ]),
            Event::Collected { asset, trade, fees, fees_total, rounding, rounding_total } => {
                self.take([
                    61 | u64::from(asset.0) << 32,
                    trade.0,
                    fees.0 as u64,
                    fees_total.0 as u64,
                    rounding.0 as u64,
                    rounding_total.0 as u64,
                ]);
            }
            Event::Level { instrument, side, price, quantity, orders } => self.take([
                2 | (side as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(orders),
                price.0 as u64,
                quantity.0 as u64,
            ]),
            Event::Accepted { order, bound } => self.take([3, order.0, bound.0 as u64]),
            Event::Trade(t) => self.take([
                4 | (t.taker_side as u64) << 8
                    | u64::from(t.auction) << 16
                    | u64::from(t.instrument.0) << 32,
                u64::from(t.maker_account.0) << 32 | u64::from(t.taker_account.0),
                t.trade.0,
                t.price.0 as u64,
                t.quantity.0 as u64,
                t.maker.0,
                t.taker.0,
                t.maker_fee.0 as u64,
                t.taker_fee.0 as u64,
                t.maker_remaining.0 as u64,
                t.taker_remaining.0 as u64,
            ]),
            Event::Closed { order, account, instrument, reason, remaining } => self.take([
                5 | (reason as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                remaining.0 as u64,
            ]),
            ref other => *self = self.with_rare(other),
        }
    }

    /// By value, so that the hash stays in a register while others are taken in.
    #[inline(never)]
    fn with_rare(mut self, event: &Event) -> Running {
        match *event {
            Event::Begun => self.take([6]),
            Event::AssetCreated { asset } => self.take([7, u64::from(asset.0)]),
            Event::AccountCreated { account } => self.take([8, u64::from(account.0)]),
            Event::InstrumentCreated { instrument } => self.take([9, u64::from(instrument.0)]),
            Event::AccountStatusChanged { account, status } => {
                self.take([10, u64::from(account.0), status as u64]);
            }
            Event::InstrumentStatusChanged { instrument, status } => {
                self.take([11, u64::from(instrument.0), status as u64]);
            }
            Event::PriceLimitsChanged { instrument } => self.take([12, u64::from(instrument.0)]),
            Event::Amended {
                order,
                account,
                instrument,
                price,
                quantity,
                remaining,
                kept_priority,
            } => self.take([
                13 | u64::from(kept_priority) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                price.0 as u64,
                quantity.0 as u64,
                remaining.0 as u64,
            ]),
            Event::Transferred => self.take([14]),
            // Where to go on follows from the rest.
            Event::CancelledMany { count, more, .. } => {
                self.take([15, u64::from(count), u64::from(more)]);
            }
            Event::DayRolled { count, more } => {
                self.take([16, u64::from(count), u64::from(more)]);
            }
            Event::Refused { code, order } => {
                self.take([17, code as u64, order.map_or(0, |o| o.0)]);
            }
            Event::Repeated { order } => self.take([18, order.0]),
            Event::PhaseChanged { instrument, phase, until } => {
                self.take([19, u64::from(instrument.0), phase as u64, until.0]);
            }
            Event::QuoteChanged { instrument, quote } => self.take([
                20,
                u64::from(instrument.0),
                quote.kind as u64 | (quote.side as u64) << 8,
                quote.price.0 as u64,
                quote.due.0,
            ]),
            Event::Auction { instrument, kind, end, price, quantity, surplus } => self.take([
                21 | (kind as u64) << 8 | (end as u64) << 16 | u64::from(instrument.0) << 32,
                price.0 as u64,
                quantity.0 as u64,
                surplus.0 as u64,
            ]),
            Event::SessionStepped { profile, step, count, more } => self.take([
                22 | (profile as u64) << 8 | (step as u64) << 16,
                u64::from(count),
                u64::from(more),
            ]),
            Event::Woken { count, more } => self.take([23, u64::from(count), u64::from(more)]),
            Event::Parked { order } => self.take([24, order.0]),
            Event::Attached { order, parent, account } => {
                self.take([25, order.0, parent.0, u64::from(account.0)]);
            }
            Event::Triggered { order, account, instrument, kind, price, quantity } => self.take([
                26 | (kind as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                price.0 as u64,
                quantity.0 as u64,
            ]),
            Event::Prevented { order, account, instrument, quantity, remaining } => self.take([
                27 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                quantity.0 as u64,
                remaining.0 as u64,
            ]),
            Event::DeskTrade(t) => self.take([
                28 | (t.side as u64) << 8 | (t.desk as u64) << 16 | u64::from(t.instrument.0) << 32,
                u64::from(t.account.0),
                t.trade.0,
                t.price.0 as u64,
                t.quantity.0 as u64,
                t.order.0,
                t.amount.0 as u64,
                t.house_net.0 as u64,
            ]),
            Event::RiskWarning { account, scope, measure, value, limit } => {
                self.take([29, u64::from(account.0), measure as u64, value as u64, limit as u64]);
                self.words(&risk_scope(scope));
            }
            Event::LimitsRolled { instrument, base_price, limit_down, limit_up } => self.take([
                30 | u64::from(instrument.0) << 32,
                base_price.0 as u64,
                limit_down.0 as u64,
                limit_up.0 as u64,
            ]),
            Event::ShortSaleRule { instrument, on } => {
                self.take([31, u64::from(instrument.0), u64::from(on)]);
            }
            Event::TicksChanged { instrument, .. } => self.take([32, u64::from(instrument.0)]),
            Event::TermsChanged { instrument } => self.take([33, u64::from(instrument.0)]),
            Event::HaltsChanged { instrument, halts } => {
                self.take([34, u64::from(instrument.0), u64::from(halts.0)]);
            }
            Event::FeeTiersChanged { asset } => self.take([35, u64::from(asset.0)]),
            Event::GroupChanged { account, group } => {
                self.take([36, u64::from(account.0), u64::from(group.0)]);
            }
            Event::RiskLimitsChanged { scope } => {
                self.take([37]);
                self.words(&risk_scope(scope));
            }
            Event::KillChanged { scope, on } => {
                let (kind, id) = match scope {
                    KillScope::Account(a) => (0, a.0),
                    KillScope::Group(g) => (1, u32::from(g.0)),
                    KillScope::Instrument(i) => (2, i.0),
                    KillScope::Venue => (3, 0),
                    KillScope::Key(key) => (4, key),
                };
                self.take([38, kind, u64::from(id), u64::from(on)]);
            }
            Event::FirmChanged { account, firm } => {
                self.take([39, u64::from(account.0), u64::from(firm.0)]);
            }
            Event::SetOffRefused { order, account, instrument, code } => self.take([
                43 | (code as u64) << 8 | u64::from(instrument.0) << 32,
                order.0,
                u64::from(account.0),
            ]),
            Event::CallBounded { instrument, low, high } => {
                self.take([44, u64::from(instrument.0), low.0 as u64, high.0 as u64]);
            }
            Event::ParticipantsChanged { profile, participants } => {
                self.take([40, profile as u64, participants as u64]);
            }
            Event::TradeCorrected(t) => {
                self.take([42 | u64::from(t.instrument.0) << 32, t.trade.0, t.number.into()]);
                self.words(&[u64::from(t.buyer.0) << 32 | u64::from(t.seller.0)]);
                self.words(&trade_terms(&t.after));
            }
            Event::DeskPosition { instrument, house_net } => {
                self.take([45, u64::from(instrument.0), house_net.0 as u64]);
            }
            Event::Anchored => self.take([41]),
            Event::Balance { .. }
            | Event::Settled(_)
            | Event::Collected { .. }
            | Event::Level { .. }
            | Event::Accepted { .. }
            | Event::Trade(_)
            | Event::Closed { .. } => unreachable!("taken in by event()"),
        }
        self
    }
}

/// How a trade was settled as plain numbers.
fn trade_terms(s: &TradeTerms) -> [u64; 6] {
    [s.price.0, s.quantity.0, s.paid.0, s.got.0, s.buyer_fee.0, s.seller_fee.0].map(|n| n as u64)
}

/// A scope as plain numbers.
fn risk_scope(scope: RiskScope) -> [u64; 2] {
    match scope {
        RiskScope::Account(a) => [0, u64::from(a.0)],
        RiskScope::Members(g) => [1, u64::from(g.0)],
        RiskScope::Group(g) => [2, u64::from(g.0)],
        RiskScope::Instrument(i) => [3, u64::from(i.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Cause, CloseReason, Trade};

    fn hash(command: &Command, events: &[Event]) -> u64 {
        let mut running = Running(7);
        running.step(Seq(8), Timestamp(9), command, events);
        running.0
    }

    fn place() -> Place {
        let id = Text::new("an id that reaches to the last words").expect("36 bytes");
        let (price, quantity) = (Price(100), Quantity(5));
        Place::limit(AccountId(4), InstrumentId(0), Side::Buy, price, quantity, id)
    }

    /// Every number of an event, moved by one and by half of all there is.
    fn changed(event: Event) -> Vec<Event> {
        let mut all = Vec::new();
        for by in [1, i64::MIN, 1 << 32] {
            let near = by as u32 | 1;
            match event {
                Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                    let base = (account, asset, total.0, locked.0, delta.0, cause, reference);
                    let mut push = |(account, asset, total, locked, delta, cause, reference)| {
                        let [total, locked, delta] = [total, locked, delta].map(Amount);
                        all.push(Event::Balance {
                            account,
                            asset,
                            total,
                            locked,
                            delta,
                            cause,
                            reference,
                        });
                    };
                    let (a, s, t, l, d, c, r) = base;
                    push((AccountId(a.0 ^ near), s, t, l, d, c, r));
                    push((a, AssetId(s.0 ^ near), t, l, d, c, r));
                    push((a, s, t ^ by, l, d, c, r));
                    push((a, s, t, l ^ by, d, c, r));
                    push((a, s, t, l, d ^ by, c, r));
                    push((a, s, t, l, d, Cause::Adjust, r));
                    push((a, s, t, l, d, c, r ^ by as u64));
                }
                Event::Level { instrument, side, price, quantity, orders } => all.extend([
                    Event::Level { instrument: InstrumentId(9), side, price, quantity, orders },
                    Event::Level { instrument, side: side.opposite(), price, quantity, orders },
                    Event::Level { instrument, side, price: Price(price.0 ^ by), quantity, orders },
                    Event::Level {
                        instrument,
                        side,
                        price,
                        quantity: Quantity(quantity.0 ^ by),
                        orders,
                    },
                    Event::Level { instrument, side, price, quantity, orders: orders ^ near },
                ]),
                Event::Trade(t) => all.extend(
                    [
                        Trade { trade: TradeId(t.trade.0 ^ by as u64), ..t },
                        Trade { instrument: InstrumentId(9), ..t },
                        Trade { price: Price(t.price.0 ^ by), ..t },
                        Trade { quantity: Quantity(t.quantity.0 ^ by), ..t },
                        Trade { taker_side: t.taker_side.opposite(), ..t },
                        Trade { maker: OrderId(t.maker.0 ^ by as u64), ..t },
                        Trade { taker: OrderId(t.taker.0 ^ by as u64), ..t },
                        Trade { maker_account: AccountId(t.maker_account.0 ^ near), ..t },
                        Trade { taker_account: AccountId(t.taker_account.0 ^ near), ..t },
                        Trade { maker_fee: Amount(t.maker_fee.0 ^ by), ..t },
                        Trade { taker_fee: Amount(t.taker_fee.0 ^ by), ..t },
                        Trade { maker_remaining: Quantity(t.maker_remaining.0 ^ by), ..t },
                        Trade { taker_remaining: Quantity(t.taker_remaining.0 ^ by), ..t },
                        Trade { auction: true, ..t },
                    ]
                    .map(Event::Trade),
                ),
                _ => unreachable!("not changed here"),
            }
        }
        all
    }

    #[test]
    fn whatever_an_event_says_is_in_the_hash() {
        let events = [
            Event::Balance {
                account: AccountId(4),
                asset: AssetId(1),
                total: Amount(10),
                locked: Amount(3),
                delta: Amount(-2),
                cause: Cause::Trade,
                reference: 77,
            },
            Event::Level {
                instrument: InstrumentId(0),
                side: Side::Sell,
                price: Price(5),
                quantity: Quantity(6),
                orders: 2,
            },
            Event::Trade(Trade {
                trade: TradeId(1),
                instrument: InstrumentId(0),
                price: Price(5),
                quantity: Quantity(6),
                taker_side: Side::Buy,
                maker: OrderId(8),
                taker: OrderId(9),
                maker_account: AccountId(4),
                taker_account: AccountId(5),
                maker_fee: Amount(-1),
                taker_fee: Amount(2),
                maker_remaining: Quantity(0),
                taker_remaining: Quantity(3),
                auction: false,
            }),
        ];
        let command = Command::Place(place());
        let told = hash(&command, &events);
        for (at, event) in events.iter().enumerate() {
            for other in changed(*event) {
                let mut events = events;
                events[at] = other;
                assert_ne!(hash(&command, &events), told, "{other:?}");
            }
        }
        assert_ne!(hash(&command, &events[..2]), told);
        assert_ne!(hash(&command, &[events[1], events[0], events[2]]), told);
    }

    #[test]
    fn whatever_an_order_says_is_in_the_hash() {
        let p = place();
        let id = |text| Text::new(text).expect("short");
        let mut seen: Vec<u64> = [
            p,
            Place { account: AccountId(5), ..p },
            Place { instrument: InstrumentId(5), ..p },
            Place { side: Side::Sell, ..p },
            Place { kind: OrderKind::Market, ..p },
            Place { time_in_force: TimeInForce::Ioc, ..p },
            Place { post_only: true, ..p },
            Place { price: Price(101), ..p },
            Place { quantity: Quantity(6), ..p },
            Place { client_id: id("an id that reaches to the last word"), ..p },
            Place { client_id: id("An id that reaches to the last words"), ..p },
            Place { condition: Condition::Opening, ..p },
            Place { self_trade: SelfTrade::CancelTaker, ..p },
            Place { short: ShortSale::Short, ..p },
            Place { by_amount: true, ..p },
        ]
        .map(|p| hash(&Command::Place(p), &[]))
        .into();
        let mut later = Running(7);
        later.step(Seq(8), Timestamp(10), &Command::Place(p), &[]);
        seen.push(later.0);
        let closed = Event::Closed {
            order: OrderId(1),
            account: AccountId(4),
            instrument: InstrumentId(0),
            reason: CloseReason::Cancelled,
            remaining: Quantity(0),
        };
        seen.push(hash(&Command::Place(p), &[closed]));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
