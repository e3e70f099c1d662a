//! The commands of market rules: sessions, contingent and odd-lot orders, terms, halts,
//! breakers, fees, risk. Same form and rules of change as in the parent.

use zaraba_engine::Command;
use zaraba_engine::command::{
    Bound, Breaker, Child, Contingent, FEE_TIERS_MAX, FeeTier, FeeTiers, OddLot, OddLotTerms,
    RiskLimits, StopLeg, Via,
};
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::*;

use super::wire::{In, Out};
use super::{
    CodecError, coded, flag, kind, read_place, read_provenance, write_place, write_provenance,
};

pub(super) fn write(out: &mut Out, command: &Command) {
    match command {
        Command::Session { profile, day, step, until } => {
            out.u8(*profile as u8);
            out.u32(*day);
            out.u8(*step as u8);
            out.u64(until.0);
        }
        Command::Wake => {}
        Command::PlaceContingent(contingent) => write_contingent(out, contingent),
        Command::PlaceOddLot(odd) => write_odd_lot(out, odd),
        Command::SetOddLotTerms { instrument, terms, by } => {
            out.u32(instrument.0);
            out.u8(u8::from(terms.batch));
            out.u8(u8::from(terms.principal));
            out.u32(terms.spread_ppm);
            for number in [terms.max_quantity.0, terms.max_value.0, terms.round_to.0] {
                out.i64(number);
            }
            write_provenance(out, by);
        }
        Command::SetTicks { instrument, ticks, by } => {
            out.u32(instrument.0);
            write_ticks(out, *ticks);
            write_provenance(out, by);
        }
        Command::SetListedShares { instrument, shares, by } => {
            out.u32(instrument.0);
            out.i64(shares.0);
            write_provenance(out, by);
        }
        Command::SetHalts { instrument, halts, by } => {
            out.u32(instrument.0);
            out.u8(halts.0);
            write_provenance(out, by);
        }
        Command::SetBreaker { instrument, breaker, by } => {
            out.u32(instrument.0);
            out.u8(breaker.mode as u8);
            let Breaker { window_seconds, trigger_ppm, call_seconds, bound_ppm, .. } = **breaker;
            for number in [window_seconds, trigger_ppm, call_seconds, bound_ppm] {
                out.u32(number);
            }
            write_provenance(out, by);
        }
        Command::StartCall { instrument, kind, seconds, by } => {
            out.u32(instrument.0);
            out.u8(*kind as u8);
            out.u32(*seconds);
            write_provenance(out, by);
        }
        Command::SetFeeTiers { tiers, by } => {
            out.u32(tiers.asset.0);
            out.u8(tiers.len);
            for tier in &tiers.tiers[..usize::from(tiers.len).min(FEE_TIERS_MAX)] {
                out.i64(tier.volume.0);
                out.i32(tier.maker_ppm);
                out.i32(tier.taker_ppm);
            }
            write_provenance(out, by);
        }
        Command::SetGroup { account, group, by } => {
            out.u32(account.0);
            out.u32(u32::from(group.0));
            write_provenance(out, by);
        }
        Command::SetRiskLimits { scope, limits, by } => {
            let (number, id) = match *scope {
                RiskScope::Account(account) => (0, account.0),
                RiskScope::Members(group) => (1, u32::from(group.0)),
                RiskScope::Group(group) => (2, u32::from(group.0)),
                RiskScope::Instrument(instrument) => (3, instrument.0),
            };
            out.u8(number);
            out.u32(id);
            for bound in &limits.bounds {
                out.i64(bound.soft);
                out.i64(bound.hard);
            }
            out.u32(limits.currency.0);
            write_provenance(out, by);
        }
        Command::SetKill { scope, on, by } => {
            let (number, id) = match *scope {
                KillScope::Account(account) => (0, account.0),
                KillScope::Group(group) => (1, u32::from(group.0)),
                KillScope::Instrument(instrument) => (2, instrument.0),
                KillScope::Venue => (3, 0),
                KillScope::Key(key) => (4, key),
            };
            out.u8(number);
            out.u32(id);
            out.u8(u8::from(*on));
            write_provenance(out, by);
        }
        Command::SetFirm { account, firm, by } => {
            out.u32(account.0);
            out.u32(firm.0);
            write_provenance(out, by);
        }
        Command::SetParticipants { profile, participants, by } => {
            out.u8(*profile as u8);
            out.u8(*participants as u8);
            write_provenance(out, by);
        }
        other => unreachable!("{other:?} is written by the parent"),
    }
}

pub(super) fn read(kind: u8, version: u8, input: &mut In) -> Result<Command, CodecError> {
    Ok(match kind {
        kind::SESSION => Command::Session {
            profile: coded(input, "profile", Profile::from_number)?,
            day: input.u32("day")?,
            step: coded(input, "step", SessionStep::from_number)?,
            until: Timestamp(input.u64("until")?),
        },
        kind::WAKE => Command::Wake,
        kind::PLACE_CONTINGENT => Command::PlaceContingent(Box::new(read_contingent(input)?)),
        kind::PLACE_ODD_LOT => Command::PlaceOddLot(Box::new(read_odd_lot(input)?)),
        kind::SET_ODD_LOT_TERMS => Command::SetOddLotTerms {
            instrument: InstrumentId(input.u32("instrument")?),
            terms: Box::new(OddLotTerms {
                batch: flag(input, "batch")?,
                principal: flag(input, "principal")?,
                spread_ppm: input.u32("spread_ppm")?,
                max_quantity: Quantity(input.i64("max_quantity")?),
                max_value: Amount(input.i64("max_value")?),
                round_to: Amount(input.i64("round_to")?),
            }),
            by: read_provenance(version, input)?,
        },
        kind::SET_TICKS => Command::SetTicks {
            instrument: InstrumentId(input.u32("instrument")?),
            ticks: read_ticks(input)?,
            by: read_provenance(version, input)?,
        },
        kind::SET_LISTED_SHARES => Command::SetListedShares {
            instrument: InstrumentId(input.u32("instrument")?),
            shares: Quantity(input.i64("shares")?),
            by: read_provenance(version, input)?,
        },
        kind::SET_HALTS => Command::SetHalts {
            instrument: InstrumentId(input.u32("instrument")?),
            halts: Halts(input.u8("halts")?),
            by: read_provenance(version, input)?,
        },
        kind::SET_BREAKER => Command::SetBreaker {
            instrument: InstrumentId(input.u32("instrument")?),
            breaker: Box::new(Breaker {
                mode: coded(input, "mode", BreakerMode::from_number)?,
                window_seconds: input.u32("window_seconds")?,
                trigger_ppm: input.u32("trigger_ppm")?,
                call_seconds: input.u32("call_seconds")?,
                bound_ppm: input.u32("bound_ppm")?,
            }),
            by: read_provenance(version, input)?,
        },
        kind::START_CALL => Command::StartCall {
            instrument: InstrumentId(input.u32("instrument")?),
            kind: coded(input, "kind", AuctionKind::from_number)?,
            seconds: input.u32("seconds")?,
            by: read_provenance(version, input)?,
        },
        kind::SET_FEE_TIERS => Command::SetFeeTiers {
            tiers: Box::new(read_tiers(input)?),
            by: read_provenance(version, input)?,
        },
        kind::SET_GROUP => Command::SetGroup {
            account: AccountId(input.u32("account")?),
            group: group(input.u32("group")?)?,
            by: read_provenance(version, input)?,
        },
        kind::SET_RISK_LIMITS => Command::SetRiskLimits {
            scope: match (input.u8("scope")?, input.u32("scope")?) {
                (0, id) => RiskScope::Account(AccountId(id)),
                (1, id) => RiskScope::Members(group(id)?),
                (2, id) => RiskScope::Group(group(id)?),
                (3, id) => RiskScope::Instrument(InstrumentId(id)),
                (other, _) => return Err(wrong("scope", other.into())),
            },
            limits: Box::new(read_limits(input)?),
            by: read_provenance(version, input)?,
        },
        kind::SET_KILL => Command::SetKill {
            scope: match (input.u8("scope")?, input.u32("scope")?) {
                (0, id) => KillScope::Account(AccountId(id)),
                (1, id) => KillScope::Group(group(id)?),
                (2, id) => KillScope::Instrument(InstrumentId(id)),
                (3, 0) => KillScope::Venue,
                (4, id) if version >= 2 => KillScope::Key(id),
                (other, _) => return Err(wrong("scope", other.into())),
            },
            on: flag(input, "on")?,
            by: read_provenance(version, input)?,
        },
        kind::SET_FIRM => Command::SetFirm {
            account: AccountId(input.u32("account")?),
            firm: FirmId(input.u32("firm")?),
            by: read_provenance(version, input)?,
        },
        kind::SET_PARTICIPANTS => Command::SetParticipants {
            profile: coded(input, "profile", Profile::from_number)?,
            participants: coded(input, "participants", Participants::from_number)?,
            by: read_provenance(version, input)?,
        },
        unknown => return Err(CodecError::Kind(unknown)),
    })
}

fn wrong(field: &'static str, value: u64) -> CodecError {
    CodecError::Value { field, value }
}

pub(super) fn group(number: u32) -> Result<GroupId, CodecError> {
    u16::try_from(number).map(GroupId).map_err(|_| wrong("group", number.into()))
}

fn write_ticks(out: &mut Out, ticks: TickRule) {
    match ticks {
        TickRule::Fixed(tick) => {
            out.u8(0);
            out.i64(tick.0);
        }
        TickRule::TseTopix500 => out.u8(1),
        TickRule::TseOther => out.u8(2),
    }
}

fn read_ticks(input: &mut In) -> Result<TickRule, CodecError> {
    match input.u8("ticks")? {
        0 => Ok(TickRule::Fixed(Price(input.i64("tick")?))),
        1 => Ok(TickRule::TseTopix500),
        2 => Ok(TickRule::TseOther),
        other => Err(wrong("ticks", other.into())),
    }
}

/// A byte of when (zero: no trigger), then the price.
fn write_trigger(out: &mut Out, trigger: Option<Trigger>) {
    out.u8(trigger.map_or(0, |trigger| trigger.when as u8 + 1));
    if let Some(trigger) = trigger {
        out.i64(trigger.price.0);
    }
}

fn read_trigger(input: &mut In) -> Result<Option<Trigger>, CodecError> {
    let when = match input.u8("trigger")? {
        0 => return Ok(None),
        1 => TriggerWhen::AtOrAbove,
        2 => TriggerWhen::AtOrBelow,
        other => return Err(wrong("trigger", other.into())),
    };
    Ok(Some(Trigger { price: Price(input.i64("trigger price")?), when }))
}

fn write_stop(out: &mut Out, stop: Option<StopLeg>) {
    write_trigger(out, stop.map(|leg| leg.trigger));
    if let Some(leg) = stop {
        out.i64(leg.price.0);
    }
}

fn read_stop(input: &mut In) -> Result<Option<StopLeg>, CodecError> {
    let Some(trigger) = read_trigger(input)? else { return Ok(None) };
    Ok(Some(StopLeg { trigger, price: Price(input.i64("stop price")?) }))
}

/// The order, its legs, then a byte that says whether a child follows.
fn write_contingent(out: &mut Out, contingent: &Contingent) {
    write_place(out, &contingent.order);
    write_trigger(out, contingent.trigger);
    write_stop(out, contingent.stop);
    out.u32(contingent.expires);
    out.u8(u8::from(contingent.child.is_some()));
    if let Some(child) = &contingent.child {
        out.u8(child.side as u8);
        out.u8(child.kind as u8);
        out.i64(child.price.0);
        write_trigger(out, child.trigger);
        write_stop(out, child.stop);
        out.u8(child.time_in_force as u8);
        out.u32(child.expires);
        out.text(&child.client_id);
    }
}

fn read_contingent(input: &mut In) -> Result<Contingent, CodecError> {
    Ok(Contingent {
        // The order's form when contingent orders came in; frozen with this kind's version.
        order: read_place(2, input)?,
        trigger: read_trigger(input)?,
        stop: read_stop(input)?,
        expires: input.u32("expires")?,
        child: match flag(input, "child")? {
            false => None,
            true => Some(Child {
                side: coded(input, "side", Side::from_number)?,
                kind: coded(input, "order_kind", OrderKind::from_number)?,
                price: Price(input.i64("price")?),
                trigger: read_trigger(input)?,
                stop: read_stop(input)?,
                time_in_force: coded(input, "time_in_force", TimeInForce::from_number)?,
                expires: input.u32("expires")?,
                client_id: input.text("client_id")?,
            }),
        },
    })
}

fn write_odd_lot(out: &mut Out, odd: &OddLot) {
    out.u32(odd.account.0);
    out.u32(odd.instrument.0);
    out.u8(odd.side as u8);
    out.u8(odd.desk as u8);
    out.i64(odd.quantity.0);
    out.i64(odd.price.0);
    out.text(&odd.client_id);
    out.u8(odd.via as u8);
    out.u32(odd.key);
}

fn read_odd_lot(input: &mut In) -> Result<OddLot, CodecError> {
    Ok(OddLot {
        account: AccountId(input.u32("account")?),
        instrument: InstrumentId(input.u32("instrument")?),
        side: coded(input, "side", Side::from_number)?,
        desk: coded(input, "desk", Desk::from_number)?,
        quantity: Quantity(input.i64("quantity")?),
        price: Price(input.i64("price")?),
        client_id: input.text("client_id")?,
        via: coded(input, "via", Via::from_number)?,
        key: input.u32("key")?,
    })
}

fn read_tiers(input: &mut In) -> Result<FeeTiers, CodecError> {
    let asset = AssetId(input.u32("asset")?);
    let len = input.u8("tiers")?;
    if usize::from(len) > FEE_TIERS_MAX {
        return Err(wrong("tiers", len.into()));
    }
    let mut tiers = [FeeTier::default(); FEE_TIERS_MAX];
    for tier in &mut tiers[..usize::from(len)] {
        *tier = FeeTier {
            volume: Amount(input.i64("volume")?),
            maker_ppm: input.i32("maker_ppm")?,
            taker_ppm: input.i32("taker_ppm")?,
        };
    }
    Ok(FeeTiers { asset, tiers, len })
}

fn read_limits(input: &mut In) -> Result<RiskLimits, CodecError> {
    let mut limits = RiskLimits::default();
    for bound in &mut limits.bounds {
        *bound = Bound { soft: input.i64("soft")?, hard: input.i64("hard")? };
    }
    limits.currency = AssetId(input.u32("currency")?);
    Ok(limits)
}
