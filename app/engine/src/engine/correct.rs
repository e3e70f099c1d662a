//! Corrections of trades: what a trade moved is moved back, and what it should have moved is moved
//! instead. Nothing is edited, no order, price or volume of the past changes: only balances do.
//! See `docs/decisions/corrections.md`.

use crate::command::{Correction, TradeTerms};
use crate::engine::Engine;
use crate::event::{Cause, Event, TradeCorrected};
use crate::instrument::InstrumentSpec;
use crate::ledger::ISSUED_MAX;
use crate::money::Units;
use crate::reject::Reject;
use crate::types::*;

/// Most trades that can have been corrected in one journal.
pub(crate) const CORRECTED_MAX: usize = 100_000;

/// A trade that was corrected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// Where.
    pub instrument: InstrumentId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// How often it was corrected.
    pub number: u32,
    /// Whether an odd-lot desk made it.
    pub desk: bool,
    /// As it was made.
    pub original: TradeTerms,
    /// As it stands.
    pub present: TradeTerms,
}

/// A change of one balance: what is moved back and what is moved instead.
struct Change {
    account: AccountId,
    asset: AssetId,
    back: i128,
    again: i128,
}

impl Change {
    /// Whether a balance can change like this.
    fn check(&self, total: i64, locked: i64) -> Result<(), Reject> {
        let total = i128::from(total);
        let after = total + self.back + self.again;
        // Between the two as well, and each by itself.
        let steps = [self.back, self.again, total + self.back, after];
        if steps.iter().any(|step| step.unsigned_abs() > ISSUED_MAX as u128) {
            return Err(Reject::AmountOverflow);
        }
        if !self.account.may_go_negative() && after < total && after < i128::from(locked) {
            return Err(Reject::InsufficientFunds);
        }
        Ok(())
    }
}

/// The rule a trade's sums are rounded by.
#[derive(Clone, Copy)]
enum Rule {
    /// Between two orders: the buyer pays rounded up, the seller receives rounded down.
    Book,
    /// With the house, by an odd-lot desk: the client's side is rounded to the desk's unit, the
    /// house's is as of the book.
    Desk {
        /// Side of the client.
        client: Side,
        /// The desk's unit now, at least one.
        round_to: i64,
    },
}

impl Rule {
    /// The rule of a trade of these parties; `None`: the house is not one of the two, or both.
    fn of(desk: bool, buyer: AccountId, seller: AccountId, round_to: Amount) -> Option<Rule> {
        let round_to = round_to.0.max(1);
        match (desk, buyer == AccountId::HOUSE, seller == AccountId::HOUSE) {
            (false, ..) => Some(Rule::Book),
            (true, false, true) => Some(Rule::Desk { client: Side::Buy, round_to }),
            (true, true, false) => Some(Rule::Desk { client: Side::Sell, round_to }),
            (true, ..) => None,
        }
    }

    /// What the buyer pays and the seller receives of a value that is `down` to `up`.
    fn sums(self, (down, up): (i64, i64)) -> Option<(i64, i64)> {
        match self {
            Rule::Book => Some((up, down)),
            Rule::Desk { client: Side::Buy, round_to } => {
                Some((up.checked_add((round_to - up % round_to) % round_to)?, down))
            }
            Rule::Desk { client: Side::Sell, round_to } => Some((up, down - down % round_to)),
        }
    }

    /// Whether a trade of this value can have been settled with these sums. What a desk's unit was
    /// when it traded is not known; it rounded by less than the value, or its present unit.
    fn allows(self, (down, up): (i64, i64), paid: i64, got: i64) -> bool {
        let between = |amount: i64| (down..=up).contains(&amount);
        let rounded = |by: i64, to: i64| (0..up.max(to)).contains(&by);
        match self {
            Rule::Book => between(paid) && between(got),
            Rule::Desk { client: Side::Buy, round_to } => {
                got == down && paid >= up && rounded(paid - up, round_to)
            }
            Rule::Desk { client: Side::Sell, round_to } => {
                paid == up && got >= 0 && got <= down && rounded(down - got, round_to)
            }
        }
    }
}

/// Whether a trade can have been settled like this.
fn is_sound(units: &Units, rule: Rule, settled: &TradeTerms) -> bool {
    let TradeTerms { price, quantity, paid, got, buyer_fee, seller_fee } = *settled;
    if price.0 <= 0 || quantity.0 <= 0 {
        return false;
    }
    let Some(notional) = price.0.checked_mul(quantity.0) else { return false };
    let Some((down, up)) = units.gross_checked(notional) else { return false };
    let most = match rule {
        Rule::Book => up.unsigned_abs() + 1,
        Rule::Desk { .. } => 0,
    };
    let fee = |amount: Amount| amount.0.unsigned_abs() <= most;
    rule.allows((down, up), paid.0, got.0) && fee(buyer_fee) && fee(seller_fee)
}

/// What a trade moves at the terms it is to have, or why it cannot have them.
fn settle_anew(
    spec: &InstrumentSpec,
    units: &Units,
    rule: Rule,
    original: &TradeTerms,
    correction: &Correction,
) -> Result<TradeTerms, Reject> {
    let Correction { before, price, quantity, .. } = *correction;
    if price == before.price && quantity == before.quantity {
        return Err(Reject::NothingToAmend);
    }
    if price.0 <= 0 {
        return Err(Reject::InvalidPrice);
    }
    // A trade that is taken back keeps the price it has, on today's tick or not.
    // The desks deal between ticks.
    if price != before.price && !correction.desk && !spec.ticks.allows(price) {
        return Err(Reject::OffTick);
    }
    if quantity.0 < 0 {
        return Err(Reject::InvalidQuantity);
    }
    if quantity > original.quantity {
        return Err(Reject::QuantityIncrease);
    }
    if price == original.price && quantity == original.quantity {
        return Ok(*original);
    }
    settled_at(units, rule, original, price, quantity).ok_or(Reject::NotionalTooLarge)
}

/// What a trade moves at these terms: what it comes to, rounded by its rule, and the fee of the
/// original trade in proportion, rounded up. `None`: it does not fit.
fn settled_at(
    units: &Units,
    rule: Rule,
    original: &TradeTerms,
    price: Price,
    quantity: Quantity,
) -> Option<TradeTerms> {
    let notional = price.0.checked_mul(quantity.0)?;
    let (paid, got) = rule.sums(units.gross_checked(notional)?)?;
    let charged = i128::from(original.price.0) * i128::from(original.quantity.0);
    let fee = |fee: Amount| {
        let product = i128::from(fee.0).checked_mul(i128::from(notional))?;
        let up = product.div_euclid(charged) + i128::from(product.rem_euclid(charged) != 0);
        i64::try_from(up).ok().map(Amount)
    };
    Some(TradeTerms {
        price,
        quantity,
        paid: Amount(paid),
        got: Amount(got),
        buyer_fee: fee(original.buyer_fee)?,
        seller_fee: fee(original.seller_fee)?,
    })
}

/// Every balance that changes, once: parties, fees, rounding.
fn changes(
    units: &Units,
    (base, quote): (AssetId, AssetId),
    correction: &Correction,
    after: &TradeTerms,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::with_capacity(6);
    let mut add = |account, asset, was: i128, is: i128| {
        let known = changes.iter_mut().find(|c| c.account == account && c.asset == asset);
        match known {
            Some(change) => {
                change.back -= was;
                change.again += is;
            }
            None => changes.push(Change { account, asset, back: -was, again: is }),
        }
    };
    let (was, is) = (&correction.before, after);
    let wide = |amount: Amount| i128::from(amount.0);
    let shares = |s: &TradeTerms| i128::from(units.base(s.quantity.0));
    let spent = |s: &TradeTerms| wide(s.paid) + wide(s.buyer_fee);
    let earned = |s: &TradeTerms| wide(s.got) - wide(s.seller_fee);
    let fees = |s: &TradeTerms| wide(s.buyer_fee) + wide(s.seller_fee);
    let rounded = |s: &TradeTerms| wide(s.paid) - wide(s.got);
    add(correction.buyer, quote, -spent(was), -spent(is));
    add(correction.buyer, base, shares(was), shares(is));
    add(correction.seller, base, -shares(was), -shares(is));
    add(correction.seller, quote, earned(was), earned(is));
    add(AccountId::FEES, quote, fees(was), fees(is));
    add(AccountId::ROUNDING, quote, rounded(was), rounded(is));
    changes.retain(|change| change.back != 0 || change.again != 0);
    changes
}

/// A balance as a correction would leave it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceOutlook {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// As it is.
    pub before: Amount,
    /// As it would be.
    pub after: Amount,
}

/// What a correction would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionOutlook {
    /// How the trade would stand, if it can.
    pub after: Option<TradeTerms>,
    /// Balances that would change.
    pub balances: Vec<BalanceOutlook>,
    /// Why it would be refused, if so.
    pub refusal: Option<Reject>,
}

/// What a correction would do to balances (total and locked, as `balance` tells them), given the
/// trade as it was made, the exponents of its base and quote assets and the odd-lot desks' unit.
/// Whether the trade stands as the correction says is not looked at.
pub fn correction_outlook(
    spec: &InstrumentSpec,
    (base_exponent, quote_exponent, round_to): (u8, u8, Amount),
    correction: &Correction,
    original: &TradeTerms,
    balance: impl Fn(AccountId, AssetId) -> (i64, i64),
) -> CorrectionOutlook {
    let units = Units::new(spec, base_exponent, quote_exponent);
    let rule = Rule::of(correction.desk, correction.buyer, correction.seller, round_to);
    let after = rule.ok_or(Reject::TradeChanged);
    let after = match after.and_then(|rule| settle_anew(spec, &units, rule, original, correction)) {
        Ok(after) => after,
        Err(code) => {
            return CorrectionOutlook { after: None, balances: Vec::new(), refusal: Some(code) };
        }
    };
    let (mut balances, mut refusal) = (Vec::new(), None);
    for change in changes(&units, (spec.base_asset, spec.quote_asset), correction, &after) {
        let (total, locked) = balance(change.account, change.asset);
        refusal = refusal.or(change.check(total, locked).err());
        let left = i128::from(total) + change.back + change.again;
        balances.push(BalanceOutlook {
            account: change.account,
            asset: change.asset,
            before: Amount(total),
            after: Amount(i64::try_from(left).unwrap_or(i64::MAX)),
        });
    }
    CorrectionOutlook { after: Some(after), balances, refusal }
}

impl Engine {
    /// Handles a correction. Checked in this order: trade, instrument, accounts, terms as they
    /// stand, new terms, arithmetic, funds, room.
    pub(super) fn correct_trade(
        &mut self,
        correction: &Correction,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let corrected = self.corrected(correction)?;
        let market = &self.markets[corrected.instrument.0 as usize];
        let assets = (market.base, market.quote);
        let changes = changes(&market.units, assets, correction, &corrected.present);
        self.check_changes(&changes)?;
        let reference = correction.trade.0;
        for change in &changes {
            let slot = self.open_balance(change.account, change.asset);
            let slot = slot.expect("room for every balance was checked");
            // What comes in before what goes out: checked at the end, it holds between them too.
            let mut deltas = [change.back, change.again].map(|delta| delta as i64);
            if deltas[0] < 0 {
                deltas.reverse();
            }
            for delta in deltas.into_iter().filter(|delta| *delta != 0) {
                self.ledger.change(slot, (delta, 0), Cause::Correction, reference, events);
            }
        }
        let Corrected { instrument, buyer, seller, number, present, .. } = corrected;
        if corrected.desk {
            self.correct_position(correction, &present, events);
        }
        self.corrections.insert(correction.trade, corrected);
        events.push(Event::TradeCorrected(TradeCorrected {
            trade: correction.trade,
            instrument,
            buyer,
            seller,
            number,
            after: present,
        }));
        Ok(())
    }

    /// Gives the house's odd-lot position what a desk's trade no longer (or again) brings it.
    fn correct_position(
        &mut self,
        correction: &Correction,
        after: &TradeTerms,
        events: &mut Vec<Event>,
    ) {
        let more = after.quantity.0 - correction.before.quantity.0;
        if more == 0 {
            return;
        }
        let instrument = correction.instrument;
        let odd_lots = &mut self.odd_lots[instrument.0 as usize];
        odd_lots.house_net += if correction.buyer == AccountId::HOUSE { more } else { -more };
        let house_net = Quantity(odd_lots.house_net);
        events.push(Event::DeskPosition { instrument, house_net });
    }

    /// The rule a trade of these parties in an instrument is rounded by.
    fn rule(
        &self,
        desk: bool,
        instrument: InstrumentId,
        parties: (AccountId, AccountId),
    ) -> Option<Rule> {
        let round_to = self.odd_lots[instrument.0 as usize].terms.round_to;
        Rule::of(desk, parties.0, parties.1, round_to)
    }

    /// The trade as it will stand, or why it cannot.
    fn corrected(&self, correction: &Correction) -> Result<Corrected, Reject> {
        let Correction { trade, instrument, buyer, seller, before, desk, .. } = *correction;
        if trade.0 == 0 || trade.0 > self.trades {
            return Err(Reject::TradeNotFound);
        }
        let spec = self.specs.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        for account in [buyer, seller] {
            self.accounts.get(account).ok_or(Reject::UnknownAccount)?;
        }
        let earlier = self.corrections.get(&trade).copied();
        let units = &self.markets[instrument.0 as usize].units;
        let corrected = match earlier {
            Some(earlier) => Corrected { number: earlier.number + 1, ..earlier },
            None => Corrected {
                instrument,
                buyer,
                seller,
                number: 1,
                desk,
                original: before,
                present: before,
            },
        };
        let same = (corrected.instrument, corrected.buyer, corrected.seller, corrected.present)
            == (instrument, buyer, seller, before)
            && corrected.desk == desk;
        let rule = self.rule(desk, instrument, (buyer, seller)).ok_or(Reject::TradeChanged)?;
        if !same || earlier.is_none() && !is_sound(units, rule, &before) {
            return Err(Reject::TradeChanged);
        }
        if earlier.is_none() && self.corrections.len() >= CORRECTED_MAX {
            return Err(Reject::CapacityExhausted);
        }
        let present = settle_anew(spec, units, rule, &corrected.original, correction)?;
        Ok(Corrected { present, ..corrected })
    }

    /// Whether every balance can change like this, and has room.
    fn check_changes(&self, changes: &[Change]) -> Result<(), Reject> {
        let mut missing = 0;
        for change in changes {
            let slot = self.find_balance(change.account, change.asset);
            missing += usize::from(slot.is_none());
            let (total, locked) = slot.map_or((0, 0), |slot| {
                let balance = self.ledger.get(slot);
                (balance.total, balance.locked)
            });
            change.check(total, locked)?;
        }
        if missing > self.ledger.room() {
            return Err(Reject::CapacityExhausted);
        }
        Ok(())
    }

    /// A trade that was corrected.
    pub fn correction(&self, trade: TradeId) -> Option<Corrected> {
        self.corrections.get(&trade).copied()
    }

    /// All trades that were corrected, by number.
    pub fn corrections(&self) -> impl Iterator<Item = (TradeId, Corrected)> + '_ {
        self.corrections.iter().map(|(trade, corrected)| (*trade, *corrected))
    }

    /// Corrected trades exist and stand for what they moved (for the whole-state check).
    pub(crate) fn check_corrections(&self) -> Result<(), String> {
        for (trade, it) in &self.corrections {
            let (price, quantity) = (it.present.price, it.present.quantity);
            let known = trade.0 <= self.trades
                && it.number > 0
                && (it.instrument.0 as usize) < self.markets.len()
                && self.accounts.get(it.buyer).is_some()
                && self.accounts.get(it.seller).is_some();
            let rule = match known {
                true => self.rule(it.desk, it.instrument, (it.buyer, it.seller)),
                false => None,
            };
            let Some(rule) = rule else {
                return Err(format!("the correction of trade {trade} names what is not: {it:?}"));
            };
            let units = &self.markets[it.instrument.0 as usize].units;
            if !is_sound(units, rule, &it.original) || quantity > it.original.quantity {
                return Err(format!("trade {trade} cannot have been made so: {it:?}"));
            }
            // A desk's unit may be another since.
            let settled = it.present == it.original
                || match rule {
                    Rule::Desk { .. } => quantity.0 == 0 || is_sound(units, rule, &it.present),
                    Rule::Book => {
                        settled_at(units, rule, &it.original, price, quantity) == Some(it.present)
                    }
                };
            if !settled {
                return Err(format!("the correction of trade {trade} does not hold: {it:?}"));
            }
        }
        Ok(())
    }
}
