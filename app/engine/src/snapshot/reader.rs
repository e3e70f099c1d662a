//! Values and records off the front of bytes that nobody vouches for: what cannot be is refused with
//! its place. What they mean together is not known here.

use crate::command::{Breaker, StopLeg, TradeTerms};
use crate::engine::risk::Tally;
use crate::engine::{OrderStatus, Tokyo, Watch, valid_breaker};
use crate::event::CloseReason;
use crate::instrument::{InstrumentSpec, tick_rule_from_number};
use crate::orders::{Cold, EMPTY_COLD, EMPTY_EXTRA, EMPTY_HOT, Extra, Fee, Flags, Hot, Kind};
use crate::reject::Reject;
use crate::types::*;

/// Takes values off the front of the bytes.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("state byte {}: {what}", self.at))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let Some(taken) = self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) else {
            return self.wrong("the state ends here, in the middle of a value");
        };
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn fee(&mut self) -> Result<Fee, String> {
        let fee = i128::from_le_bytes(self.array()?);
        Fee::try_from(fee).or_else(|_| self.wrong("a sum of fees that cannot be"))
    }

    pub(super) fn i32(&mut self) -> Result<i32, String> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, String> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(super) fn flag(&mut self) -> Result<bool, String> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => self.wrong(&format!("{other} is neither yes nor no")),
        }
    }

    /// One of `all`, by its place in it.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, String> {
        let number = self.u8()?;
        match all.get(usize::from(number)) {
            Some(&value) => Ok(value),
            None => self.wrong(&format!("no such value: {number}")),
        }
    }

    pub(super) fn text<const N: usize>(&mut self) -> Result<Text<N>, String> {
        let length = self.u8()?;
        let bytes = self.take(usize::from(length))?;
        match std::str::from_utf8(bytes).ok().and_then(Text::new) {
            Some(text) => Ok(text),
            None => self.wrong("a text that is too long or not UTF-8"),
        }
    }

    pub(super) fn trade_terms(&mut self) -> Result<TradeTerms, String> {
        Ok(TradeTerms {
            price: Price(self.i64()?),
            quantity: Quantity(self.i64()?),
            paid: Amount(self.i64()?),
            got: Amount(self.i64()?),
            buyer_fee: Amount(self.i64()?),
            seller_fee: Amount(self.i64()?),
        })
    }

    /// Enters a section; returns how many entries it has.
    pub(super) fn section(&mut self, tag: u32) -> Result<usize, String> {
        let found = self.u32()?;
        if found != tag {
            return self.wrong(&format!("section {tag} expected, {found} found"));
        }
        let entries = self.u64()?;
        // Every entry has at least a byte, so a count that cannot be never makes us allocate.
        match usize::try_from(entries) {
            Ok(count) if count <= self.bytes.len() => Ok(count),
            _ => self.wrong(&format!("section {tag} cannot have {entries} entries")),
        }
    }

    pub(super) fn slots(&mut self, tag: u32) -> Result<Vec<u32>, String> {
        let count = self.section(tag)?;
        (0..count).map(|_| self.u32()).collect()
    }

    pub(super) fn spec(&mut self) -> Result<InstrumentSpec, String> {
        Ok(InstrumentSpec {
            symbol: self.text()?,
            name: self.text()?,
            profile: self.one_of(Profile::ALL)?,
            base_asset: AssetId(self.u32()?),
            quote_asset: AssetId(self.u32()?),
            price_digits: self.u8()?,
            quantity_digits: self.u8()?,
            ticks: {
                let (kind, tick) = (self.u8()?, self.i64()?);
                match tick_rule_from_number(kind, tick) {
                    Some(rule) => rule,
                    None => return self.wrong(&format!("no such tick rule: {kind}")),
                }
            },
            lot: Quantity(self.i64()?),
            min_quantity: Quantity(self.i64()?),
            max_quantity: Quantity(self.i64()?),
            base_price: Price(self.i64()?),
            limit_down: Price(self.i64()?),
            limit_up: Price(self.i64()?),
            market_band_ppm: self.u32()?,
            maker_fee_ppm: self.i32()?,
            taker_fee_ppm: self.i32()?,
            open_order_cap: self.u32()?,
            session_rules: self.flag()?,
            listed_shares: Quantity(self.i64()?),
            market_min_quantity: Quantity(self.i64()?),
            market_max_quantity: Quantity(self.i64()?),
        })
    }

    pub(super) fn watch(&mut self, mode: BreakerMode, now: Timestamp) -> Result<Watch, String> {
        let breaker = Breaker {
            mode,
            window_seconds: self.u32()?,
            trigger_ppm: self.u32()?,
            call_seconds: self.u32()?,
            bound_ppm: self.u32()?,
        };
        if !valid_breaker(&breaker) {
            return self.wrong("a circuit breaker that cannot be");
        }
        let mut watch = Watch::new(breaker, self.i64()?);
        for _ in 0..self.u8()? {
            let (piece, price) = (self.u64()?, self.i64()?);
            if !watch.restore(piece, price, now) {
                return self.wrong("prices of a circuit breaker that cannot be");
            }
        }
        Ok(watch)
    }

    pub(super) fn tokyo(&mut self) -> Result<Tokyo, String> {
        let tokyo = Tokyo {
            traded: self.flag()?,
            priced: self.flag()?,
            low: self.i64()?,
            high: self.i64()?,
            first: self.i64()?,
            previous: self.i64()?,
            window_from: Timestamp(self.u64()?),
            window_price: self.i64()?,
            short_days: self.u8()?,
            limit_days: self.array()?,
            special: self.i64()?,
            market_bounds: [self.i64()?, self.i64()?],
            conditioned: self.flag()?,
        };
        let prices =
            [tokyo.first, tokyo.low, tokyo.high, tokyo.previous, tokyo.window_price, tokyo.special];
        if prices.iter().any(|&price| price < 0) {
            return self.wrong("a price of the day below zero");
        }
        Ok(tokyo)
    }

    pub(super) fn order(&mut self) -> Result<(Hot, Cold), String> {
        let kind = self.one_of(&[Kind::Free, Kind::Live, Kind::Done, Kind::Transfer])?;
        if kind == Kind::Free {
            return Ok((EMPTY_HOT, EMPTY_COLD));
        }
        let mut hot = Hot {
            kind,
            id: self.u64()?,
            bound: self.i64()?,
            remaining: self.i64()?,
            account: AccountId(self.u32()?),
            pays: self.u32()?,
            receives: self.u32()?,
            instrument: InstrumentId(self.u32()?),
            side: self.one_of(Side::ALL)?,
            ..EMPTY_HOT
        };
        let mut cold = Cold {
            fee: self.fee()?,
            notional: self.i64()?,
            quantity: self.i64()?,
            created_at: Timestamp(self.u64()?),
            updated_at: Timestamp(self.u64()?),
            seq: Seq(self.u64()?),
            status: self.one_of(OrderStatus::ALL)?,
            reject: self.reject()?,
            closed: self.closed()?,
            kind: self.one_of(OrderKind::ALL)?,
            time_in_force: self.one_of(TimeInForce::ALL)?,
            post_only: self.flag()?,
            requeued: self.flag()?,
            first_price: self.i64()?,
            first_quantity: self.i64()?,
            day: self.u32()?,
            ..EMPTY_COLD
        };
        hot.flags = Flags(self.u8()?);
        hot.flags.set(Flags::LISTED, false);
        hot.stage = self.u8()?;
        cold.condition = self.one_of(Condition::ALL)?;
        cold.self_trade = self.one_of(SelfTrade::ALL)?;
        cold.short = self.one_of(ShortSale::ALL)?;
        cold.client_id = self.text()?;
        if hot.flags.has(Flags::DAY) != (cold.time_in_force == TimeInForce::Day) {
            return self.wrong("an order whose day and time in force differ");
        }
        Ok((hot, cold))
    }

    pub(super) fn small(&mut self) -> Result<u16, String> {
        let number = self.u32()?;
        match u16::try_from(number) {
            Ok(number) => Ok(number),
            Err(_) => self.wrong(&format!("{number} does not fit 16 bits")),
        }
    }

    pub(super) fn group(&mut self) -> Result<GroupId, String> {
        self.small().map(GroupId)
    }

    pub(super) fn tally(&mut self) -> Result<Tally, String> {
        let tally = Tally {
            value: self.i64()?,
            day: self.u32()?,
            second: self.u32()?,
            messages: self.small()?,
            currency: self.small()?,
            ..Tally::NEW
        };
        if tally.value < 0 { self.wrong("a traded value below zero") } else { Ok(tally) }
    }

    pub(super) fn trigger(&mut self) -> Result<Option<Trigger>, String> {
        let when =
            self.one_of(&[None, Some(TriggerWhen::AtOrAbove), Some(TriggerWhen::AtOrBelow)])?;
        let price = Price(self.i64()?);
        Ok(when.map(|when| Trigger { price, when }))
    }

    pub(super) fn extra(&mut self) -> Result<(u32, Extra), String> {
        let slot = self.u32()?;
        let trigger = self.trigger()?;
        let stop = self.trigger()?;
        let price = Price(self.i64()?);
        Ok((
            slot,
            Extra {
                trigger,
                stop: stop.map(|trigger| StopLeg { trigger, price }),
                expires: self.u32()?,
                child: self.u32()?,
                parent: self.u32()?,
                stop_bound: self.i64()?,
                child_mark: self.u64()?,
                first_condition: self.first_condition()?,
                entered: self.u64()?,
                due: self.i64()?,
                prevented: self.i64()?,
                batch: self.u8()?,
                ..EMPTY_EXTRA
            },
        ))
    }

    pub(super) fn first_condition(&mut self) -> Result<Option<Condition>, String> {
        let mut conditions = [None; Condition::ALL.len() + 1];
        for (place, &condition) in conditions[1..].iter_mut().zip(Condition::ALL) {
            *place = Some(condition);
        }
        self.one_of(&conditions)
    }

    pub(super) fn reject(&mut self) -> Result<Option<Reject>, String> {
        match self.u8()? {
            0 => Ok(None),
            number => match Reject::from_number(number) {
                Some(code) => Ok(Some(code)),
                None => self.wrong(&format!("no such reject: {number}")),
            },
        }
    }

    pub(super) fn closed(&mut self) -> Result<Option<CloseReason>, String> {
        let mut reasons = [None; CloseReason::ALL.len() + 1];
        for (place, &reason) in reasons[1..].iter_mut().zip(CloseReason::ALL) {
            *place = Some(reason);
        }
        self.one_of(&reasons)
    }
}
