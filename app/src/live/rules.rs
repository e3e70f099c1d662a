//! What people have set beyond an instrument's definition: kill switches, risk limits, groups,
//! fee schedules, odd-lot terms, circuit breakers, and why things were halted. And the house's
//! odd-lot position, which follows from its trades.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zaraba_engine::command::{Breaker, FeeTiers, OddLotTerms, RiskLimits};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

/// Why something was halted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HaltNote {
    /// The reason given.
    pub reason: String,
    /// Who gave it; `None` where it is known from the database alone.
    pub by: Option<String>,
}

/// Rules as they stand.
#[derive(Clone, Default)]
pub struct Rules {
    /// Kill switches that are on.
    pub kills: BTreeSet<KillScope>,
    /// Risk limits by scope.
    pub risk_limits: BTreeMap<RiskScope, RiskLimits>,
    /// Accounts that are in another group than 0.
    pub groups: HashMap<AccountId, GroupId>,
    /// Accounts that trade through a firm.
    pub firms: HashMap<AccountId, FirmId>,
    /// Whose orders count as one in Tokyo's auctions.
    pub participants: Participants,
    /// Fees by volume.
    pub fee_tiers: BTreeMap<AssetId, FeeTiers>,
    /// Odd-lot terms.
    pub odd_lot_terms: BTreeMap<InstrumentId, OddLotTerms>,
    /// Circuit breakers.
    pub breakers: BTreeMap<InstrumentId, Breaker>,
    /// Shares the house took (bought, if positive) from odd-lot trades.
    pub house_net: BTreeMap<InstrumentId, Quantity>,
    /// Why instruments were last halted, since the start or from the database.
    pub halt_notes: HashMap<InstrumentId, HaltNote>,
}

impl Rules {
    /// Those of a recovered engine. Why things were halted it does not remember.
    pub fn of(engine: &Engine) -> Rules {
        let mut rules = Rules::default();
        for (asset, _) in engine.assets() {
            if let Some(tiers) = engine.fee_tiers(asset) {
                rules.fee_tiers.insert(asset, *tiers);
            }
        }
        for (instrument, _) in engine.instruments() {
            rules.breakers.insert(instrument, engine.breaker(instrument));
            rules.note_kill(engine, KillScope::Instrument(instrument));
            if let Some(position) = engine.odd_lot_position(instrument) {
                if position.terms != OddLotTerms::default() {
                    rules.odd_lot_terms.insert(instrument, position.terms);
                }
                if position.house_net != Quantity::ZERO {
                    rules.house_net.insert(instrument, position.house_net);
                }
            }
        }
        for (account, _) in engine.accounts() {
            if let Some(group) = engine.group(account).filter(|group| *group != GroupId(0)) {
                rules.groups.insert(account, group);
                rules.note_kill(engine, KillScope::Group(group));
            }
            if let Some(firm) = engine.firm(account).filter(|firm| *firm != FirmId(0)) {
                rules.firms.insert(account, firm);
            }
            rules.note_kill(engine, KillScope::Account(account));
        }
        rules.participants = engine.participants(Profile::Tse);
        rules.note_kill(engine, KillScope::Group(GroupId(0)));
        rules.note_kill(engine, KillScope::Venue);
        rules.kills.extend(engine.killed_keys().map(KillScope::Key));
        rules.risk_limits.extend(engine.risk_scopes());
        rules
    }

    fn note_kill(&mut self, engine: &Engine, scope: KillScope) {
        if engine.killed(scope) {
            self.kills.insert(scope);
        }
    }

    /// Takes in one event.
    pub fn follow(&mut self, command: &Command, event: &Event) {
        match (event, command) {
            (Event::KillChanged { scope, on: true }, _) => {
                self.kills.insert(*scope);
            }
            (Event::KillChanged { scope, on: false }, _) => {
                self.kills.remove(scope);
            }
            (Event::RiskLimitsChanged { scope }, Command::SetRiskLimits { limits, .. }) => {
                if limits.bounds == RiskLimits::default().bounds {
                    self.risk_limits.remove(scope);
                } else {
                    self.risk_limits.insert(*scope, **limits);
                }
            }
            (Event::GroupChanged { account, group: GroupId(0) }, _) => {
                self.groups.remove(account);
            }
            (Event::GroupChanged { account, group }, _) => {
                self.groups.insert(*account, *group);
            }
            (Event::FirmChanged { account, firm: FirmId(0) }, _) => {
                self.firms.remove(account);
            }
            (Event::FirmChanged { account, firm }, _) => {
                self.firms.insert(*account, *firm);
            }
            (Event::ParticipantsChanged { profile: Profile::Tse, participants }, _) => {
                self.participants = *participants;
            }
            (Event::FeeTiersChanged { asset }, Command::SetFeeTiers { tiers, .. }) => {
                if tiers.len == 0 {
                    self.fee_tiers.remove(asset);
                } else {
                    self.fee_tiers.insert(*asset, **tiers);
                }
            }
            (Event::TermsChanged { instrument }, Command::SetOddLotTerms { terms, .. }) => {
                self.odd_lot_terms.insert(*instrument, **terms);
            }
            (Event::TermsChanged { instrument }, Command::SetBreaker { breaker, .. }) => {
                self.breakers.insert(*instrument, **breaker);
            }
            (Event::DeskTrade(trade), _) => {
                self.house_net.insert(trade.instrument, trade.house_net);
            }
            (Event::DeskPosition { instrument, house_net }, _) => {
                self.house_net.insert(*instrument, *house_net);
            }
            (Event::HaltsChanged { instrument, halts: Halts(0) }, Command::SetHalts { .. })
            | (Event::InstrumentStatusChanged { instrument, status: InstrumentStatus::Open }, _) => {
                self.halt_notes.remove(instrument);
            }
            (Event::HaltsChanged { instrument, .. }, Command::SetHalts { by, .. })
            | (
                Event::InstrumentStatusChanged { instrument, .. },
                Command::SetInstrumentStatus { by, .. },
            ) => {
                let (reason, by) = (by.reason.to_string(), Some(by.actor.to_string()));
                self.halt_notes.insert(*instrument, HaltNote { reason, by });
            }
            _ => {}
        }
    }

    /// Whether this event changes anything here.
    pub(super) fn concerns(event: &Event) -> bool {
        matches!(
            event,
            Event::KillChanged { .. }
                | Event::RiskLimitsChanged { .. }
                | Event::GroupChanged { .. }
                | Event::FirmChanged { .. }
                | Event::ParticipantsChanged { .. }
                | Event::FeeTiersChanged { .. }
                | Event::TermsChanged { .. }
                | Event::DeskTrade(_)
                | Event::DeskPosition { .. }
                | Event::HaltsChanged { .. }
                | Event::InstrumentStatusChanged { .. }
        )
    }

    /// Whether an instrument's kill switch or the venue's is on.
    pub fn killed(&self, instrument: InstrumentId) -> bool {
        self.kills.contains(&KillScope::Venue)
            || self.kills.contains(&KillScope::Instrument(instrument))
    }
}
