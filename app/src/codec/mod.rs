//! Versioned binary form of commands: what the journal stores. Own little-endian code and
//! no serde, so that the engine's types and the stored form can change apart.
//!
//! A command is one version byte, one kind byte, and that kind's fields in a fixed order:
//! integers little-endian, enums as one byte, texts as a length byte and UTF-8.
//!
//! **Adding a field** to a kind: add it to the end of that kind's fields in `encode`, raise
//! its entry in `version_of`, hand `version` on from `decode` to that kind's reader, and
//! read the field only when `version` is at least the new one, with the value that old
//! records meant otherwise. Old journals then stay
//! readable for ever; an older program refuses the newer record by its version. **Adding a
//! kind**: take the next free number; numbers are never used again. Keep a test
//! with the bytes of every version ever written.

mod describe;
mod records;
mod rules;
mod wire;

#[cfg(test)]
mod tests;

use zaraba_engine::Command;
use zaraba_engine::command::{
    Amend, Anchor, AssetSpec, Cancel, CancelMany, Place, Transfer, TransferKind, Via,
};
use zaraba_engine::types::*;

pub use describe::describe;
use records::*;
use wire::{In, Out};

/// Most bytes an encoded command takes.
pub const MAX_BYTES: usize = 680;

/// No encoded command has so many zero bytes in a row: a text's length stands before it, texts
/// are stored without padding, and the numbers between two texts are fewer. The journal relies on
/// it to tell a sector that was never written (see `journal::tail`).
pub const ZEROS_MAX: usize = 400;

/// Why bytes are not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end inside this field.
    #[error("the record ends inside `{0}`")]
    Short(&'static str),
    /// Bytes are left over after the last field.
    #[error("{0} bytes are left over after the last field")]
    Long(usize),
    /// No such kind.
    #[error("kind {0} is unknown to this version of the program")]
    Kind(u8),
    /// A version of this kind that the program does not know.
    #[error("version {version} of kind {kind} is unknown to this version of the program")]
    Version {
        /// The kind.
        kind: u8,
        /// Its version.
        version: u8,
    },
    /// The value is not one the field can have.
    #[error("`{field}` cannot be {value}")]
    Value {
        /// Which field.
        field: &'static str,
        /// The value found (a text's length in bytes).
        value: u64,
    },
    /// The text is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    NotUtf8(&'static str),
}

mod kind {
    pub const GENESIS: u8 = 1;
    pub const CREATE_ASSET: u8 = 2;
    pub const CREATE_INSTRUMENT: u8 = 3;
    pub const CREATE_ACCOUNT: u8 = 4;
    pub const SET_ACCOUNT_STATUS: u8 = 5;
    pub const SET_INSTRUMENT_STATUS: u8 = 6;
    pub const SET_PRICE_LIMITS: u8 = 7;
    pub const TRANSFER: u8 = 8;
    pub const PLACE: u8 = 9;
    pub const AMEND: u8 = 10;
    pub const CANCEL: u8 = 11;
    pub const CANCEL_MANY: u8 = 12;
    pub const ROLL_DAY: u8 = 13;
    pub const SESSION: u8 = 14;
    pub const WAKE: u8 = 15;
    pub const PLACE_CONTINGENT: u8 = 16;
    pub const PLACE_ODD_LOT: u8 = 17;
    pub const SET_ODD_LOT_TERMS: u8 = 18;
    pub const SET_TICKS: u8 = 19;
    pub const SET_LISTED_SHARES: u8 = 20;
    pub const SET_HALTS: u8 = 21;
    pub const SET_BREAKER: u8 = 22;
    pub const START_CALL: u8 = 23;
    pub const SET_FEE_TIERS: u8 = 24;
    pub const SET_GROUP: u8 = 25;
    pub const SET_RISK_LIMITS: u8 = 26;
    pub const SET_KILL: u8 = 27;
    pub const SET_FIRM: u8 = 28;
    pub const SET_PARTICIPANTS: u8 = 29;
    pub const ATTRIBUTED: u8 = 30;
    pub const ANCHOR: u8 = 31;
    pub const CORRECT_TRADE: u8 = 32;
}

/// The version in which a kind is written now; earlier ones are still read.
fn version_of(kind: u8) -> u8 {
    match kind {
        kind::CANCEL_MANY => 3,
        kind::CREATE_INSTRUMENT | kind::PLACE | kind::AMEND | kind::CORRECT_TRADE => 2,
        // With the longer provenance.
        kind::SET_ACCOUNT_STATUS..=kind::TRANSFER
        | kind::SET_ODD_LOT_TERMS..=kind::SET_PARTICIPANTS => 2,
        kind::GENESIS..=kind::CORRECT_TRADE => 1,
        _ => 0,
    }
}

fn kind_of(command: &Command) -> u8 {
    match command {
        Command::Genesis { .. } => kind::GENESIS,
        Command::CreateAsset(_) => kind::CREATE_ASSET,
        Command::CreateInstrument(_) => kind::CREATE_INSTRUMENT,
        Command::CreateAccount { .. } => kind::CREATE_ACCOUNT,
        Command::SetAccountStatus { .. } => kind::SET_ACCOUNT_STATUS,
        Command::SetInstrumentStatus { .. } => kind::SET_INSTRUMENT_STATUS,
        Command::SetPriceLimits { .. } => kind::SET_PRICE_LIMITS,
        Command::Transfer { .. } => kind::TRANSFER,
        Command::Place(_) => kind::PLACE,
        Command::Amend(_) => kind::AMEND,
        Command::Cancel(_) => kind::CANCEL,
        Command::CancelMany(_) => kind::CANCEL_MANY,
        Command::RollDay { .. } => kind::ROLL_DAY,
        Command::Session { .. } => kind::SESSION,
        Command::Wake => kind::WAKE,
        Command::PlaceContingent(_) => kind::PLACE_CONTINGENT,
        Command::PlaceOddLot(_) => kind::PLACE_ODD_LOT,
        Command::SetOddLotTerms { .. } => kind::SET_ODD_LOT_TERMS,
        Command::SetTicks { .. } => kind::SET_TICKS,
        Command::SetListedShares { .. } => kind::SET_LISTED_SHARES,
        Command::SetHalts { .. } => kind::SET_HALTS,
        Command::SetBreaker { .. } => kind::SET_BREAKER,
        Command::StartCall { .. } => kind::START_CALL,
        Command::SetFeeTiers { .. } => kind::SET_FEE_TIERS,
        Command::SetGroup { .. } => kind::SET_GROUP,
        Command::SetRiskLimits { .. } => kind::SET_RISK_LIMITS,
        Command::SetKill { .. } => kind::SET_KILL,
        Command::SetFirm { .. } => kind::SET_FIRM,
        Command::SetParticipants { .. } => kind::SET_PARTICIPANTS,
        Command::Attributed(_) => kind::ATTRIBUTED,
        Command::Anchor { .. } => kind::ANCHOR,
        Command::CorrectTrade { .. } => kind::CORRECT_TRADE,
    }
}

/// Appends version, kind and fields of a command; at most [`MAX_BYTES`].
pub fn encode(command: &Command, to: &mut Vec<u8>) {
    let kind = kind_of(command);
    let mut out = Out(to);
    out.u8(version_of(kind));
    out.u8(kind);
    match command {
        Command::Place(place) => write_place(&mut out, place),
        Command::Amend(amend) => write_amend(&mut out, amend),
        Command::Cancel(cancel) => {
            out.u32(cancel.account.0);
            out.u64(cancel.order.0);
            out.u8(cancel.via as u8);
            out.u32(cancel.key);
        }
        Command::CancelMany(many) => write_cancel_many(&mut out, many),
        Command::Transfer { transfer, by } => {
            write_transfer(&mut out, transfer);
            write_provenance(&mut out, by);
        }
        Command::Genesis { limits, hash_seed } => {
            write_limits(&mut out, limits);
            out.u64(hash_seed[0]);
            out.u64(hash_seed[1]);
        }
        Command::CreateAsset(spec) => {
            out.text(&spec.code);
            out.u8(spec.exponent);
        }
        Command::CreateInstrument(spec) => write_instrument(&mut out, spec),
        Command::CreateAccount { code } => out.text(code),
        Command::SetAccountStatus { account, status, by } => {
            out.u32(account.0);
            out.u8(*status as u8);
            write_provenance(&mut out, by);
        }
        Command::SetInstrumentStatus { instrument, status, by } => {
            out.u32(instrument.0);
            out.u8(*status as u8);
            write_provenance(&mut out, by);
        }
        Command::SetPriceLimits { instrument, base_price, limit_down, limit_up, by } => {
            out.u32(instrument.0);
            out.i64(base_price.0);
            out.i64(limit_down.0);
            out.i64(limit_up.0);
            write_provenance(&mut out, by);
        }
        Command::RollDay { profile, day } => {
            out.u8(*profile as u8);
            out.u32(*day);
        }
        Command::CorrectTrade { correction, by } => {
            write_correction(&mut out, correction);
            write_provenance(&mut out, by);
        }
        Command::Anchor { anchor, by } => {
            out.text(&anchor.what);
            out.u64(anchor.count);
            out.bytes(&anchor.hash);
            write_provenance(&mut out, by);
        }
        Command::Attributed(attributed) => {
            write_provenance(&mut out, &attributed.by);
            encode(attributed.command.plain(), to);
        }
        other => rules::write(&mut out, other),
    }
}

/// Reads what [`encode`] wrote, whole: the bytes are one command and nothing else.
///
/// # Errors
/// What is wrong with the bytes; never panics, whatever they are.
pub fn decode(bytes: &[u8]) -> Result<Command, CodecError> {
    let mut input = In::new(bytes);
    let version = input.u8("version")?;
    let kind = input.u8("kind")?;
    if version_of(kind) == 0 {
        return Err(CodecError::Kind(kind));
    }
    if version == 0 || version > version_of(kind) {
        return Err(CodecError::Version { kind, version });
    }
    let command = read_fields(kind, version, &mut input)?;
    input.end()?;
    Ok(command)
}

fn read_fields(kind: u8, version: u8, input: &mut In) -> Result<Command, CodecError> {
    Ok(match kind {
        kind::PLACE => Command::Place(read_place(version, input)?),
        kind::AMEND => Command::Amend(Amend {
            account: AccountId(input.u32("account")?),
            order: OrderId(input.u64("order")?),
            price: Price(input.i64("price")?),
            quantity: Quantity(input.i64("quantity")?),
            via: coded(input, "via", Via::from_number)?,
            key: input.u32("key")?,
            condition: match version {
                1 => None,
                _ if flag(input, "condition")? => {
                    Some(coded(input, "condition", Condition::from_number)?)
                }
                _ => None,
            },
        }),
        kind::CANCEL => Command::Cancel(Cancel {
            account: AccountId(input.u32("account")?),
            order: OrderId(input.u64("order")?),
            via: coded(input, "via", Via::from_number)?,
            key: input.u32("key")?,
        }),
        kind::CANCEL_MANY => Command::CancelMany(read_cancel_many(version, input)?),
        kind::TRANSFER => Command::Transfer {
            transfer: read_transfer(input)?,
            by: read_provenance(version, input)?,
        },
        kind::GENESIS => Command::Genesis {
            limits: read_limits(input)?,
            hash_seed: [input.u64("hash_seed")?, input.u64("hash_seed")?],
        },
        kind::CREATE_ASSET => Command::CreateAsset(AssetSpec {
            code: input.text("code")?,
            exponent: input.u8("exponent")?,
        }),
        kind::CREATE_INSTRUMENT => {
            Command::CreateInstrument(Box::new(read_instrument(version, input)?))
        }
        kind::CREATE_ACCOUNT => Command::CreateAccount { code: input.text("code")? },
        kind::SET_ACCOUNT_STATUS => Command::SetAccountStatus {
            account: AccountId(input.u32("account")?),
            status: coded(input, "account_status", AccountStatus::from_number)?,
            by: read_provenance(version, input)?,
        },
        kind::SET_INSTRUMENT_STATUS => Command::SetInstrumentStatus {
            instrument: InstrumentId(input.u32("instrument")?),
            status: coded(input, "instrument_status", InstrumentStatus::from_number)?,
            by: read_provenance(version, input)?,
        },
        kind::SET_PRICE_LIMITS => Command::SetPriceLimits {
            instrument: InstrumentId(input.u32("instrument")?),
            base_price: Price(input.i64("base_price")?),
            limit_down: Price(input.i64("limit_down")?),
            limit_up: Price(input.i64("limit_up")?),
            by: read_provenance(version, input)?,
        },
        kind::ROLL_DAY => Command::RollDay {
            profile: coded(input, "profile", Profile::from_number)?,
            day: input.u32("day")?,
        },
        kind::ANCHOR => Command::Anchor {
            anchor: Box::new(Anchor {
                what: input.text("what")?,
                count: input.u64("count")?,
                hash: input.bytes("hash")?,
            }),
            by: read_provenance(PROVENANCE, input)?,
        },
        kind::CORRECT_TRADE => Command::CorrectTrade {
            correction: Box::new(read_correction(version, input)?),
            by: read_provenance(PROVENANCE, input)?,
        },
        kind::ATTRIBUTED => read_attributed(input)?,
        other => return rules::read(other, version, input),
    })
}

/// An enum whose type knows its numbers.
fn coded<T>(
    input: &mut In,
    field: &'static str,
    from: impl Fn(u8) -> Option<T>,
) -> Result<T, CodecError> {
    let byte = input.u8(field)?;
    from(byte).ok_or(CodecError::Value { field, value: u64::from(byte) })
}

fn flag(input: &mut In, field: &'static str) -> Result<bool, CodecError> {
    match input.u8(field)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(CodecError::Value { field, value: u64::from(other) }),
    }
}

fn write_place(out: &mut Out, place: &Place) {
    out.u32(place.account.0);
    out.u32(place.instrument.0);
    out.u8(place.side as u8);
    out.u8(place.kind as u8);
    out.u8(place.time_in_force as u8);
    out.u8(u8::from(place.post_only));
    out.i64(place.price.0);
    out.i64(place.quantity.0);
    out.text(&place.client_id);
    out.u8(place.via as u8);
    out.u32(place.key);
    out.u8(place.condition as u8);
    out.u8(place.self_trade as u8);
    out.u8(place.short as u8);
    out.u8(u8::from(place.by_amount));
}

fn read_place(version: u8, input: &mut In) -> Result<Place, CodecError> {
    let place = Place {
        account: AccountId(input.u32("account")?),
        instrument: InstrumentId(input.u32("instrument")?),
        side: coded(input, "side", Side::from_number)?,
        kind: coded(input, "order_kind", OrderKind::from_number)?,
        time_in_force: coded(input, "time_in_force", TimeInForce::from_number)?,
        post_only: flag(input, "post_only")?,
        price: Price(input.i64("price")?),
        quantity: Quantity(input.i64("quantity")?),
        client_id: input.text("client_id")?,
        via: coded(input, "via", Via::from_number)?,
        key: input.u32("key")?,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    };
    if version < 2 {
        return Ok(place);
    }
    Ok(Place {
        condition: coded(input, "condition", Condition::from_number)?,
        self_trade: coded(input, "self_trade", SelfTrade::from_number)?,
        short: coded(input, "short", ShortSale::from_number)?,
        by_amount: flag(input, "by_amount")?,
        ..place
    })
}

fn write_amend(out: &mut Out, amend: &Amend) {
    out.u32(amend.account.0);
    out.u64(amend.order.0);
    out.i64(amend.price.0);
    out.i64(amend.quantity.0);
    out.u8(amend.via as u8);
    out.u32(amend.key);
    out.u8(u8::from(amend.condition.is_some()));
    if let Some(condition) = amend.condition {
        out.u8(condition as u8);
    }
}

/// Filters are a byte of presence bits, then the values that are present.
fn write_cancel_many(out: &mut Out, many: &CancelMany) {
    let present = u8::from(many.account.is_some())
        | u8::from(many.instrument.is_some()) << 1
        | u8::from(many.side.is_some()) << 2
        | u8::from(many.group.is_some()) << 3;
    out.u8(present);
    if let Some(account) = many.account {
        out.u32(account.0);
    }
    if let Some(instrument) = many.instrument {
        out.u32(instrument.0);
    }
    if let Some(side) = many.side {
        out.u8(side as u8);
    }
    if let Some(group) = many.group {
        out.u32(u32::from(group.0));
    }
    out.u8(many.via as u8);
    out.u32(many.key);
    out.u64(many.from.0);
    out.i64(many.price.0);
}

fn read_cancel_many(version: u8, input: &mut In) -> Result<CancelMany, CodecError> {
    let present = input.u8("filters")?;
    if present > if version < 2 { 0b111 } else { 0b1111 } {
        return Err(CodecError::Value { field: "filters", value: u64::from(present) });
    }
    Ok(CancelMany {
        account: if present & 1 != 0 { Some(AccountId(input.u32("account")?)) } else { None },
        instrument: if present & 2 != 0 {
            Some(InstrumentId(input.u32("instrument")?))
        } else {
            None
        },
        side: if present & 4 != 0 { Some(coded(input, "side", Side::from_number)?) } else { None },
        group: if present & 8 != 0 { Some(rules::group(input.u32("group")?)?) } else { None },
        via: coded(input, "via", Via::from_number)?,
        key: input.u32("key")?,
        from: OrderId(if version < 2 { 0 } else { input.u64("from")? }),
        price: Price(if version < 3 { 0 } else { input.i64("price")? }),
    })
}

fn write_transfer(out: &mut Out, transfer: &Transfer) {
    out.u8(transfer.kind as u8);
    out.u32(transfer.account.0);
    out.u32(transfer.asset.0);
    out.i64(transfer.amount.0);
    out.text(&transfer.reference);
}

fn read_transfer(input: &mut In) -> Result<Transfer, CodecError> {
    Ok(Transfer {
        kind: coded(input, "transfer_kind", TransferKind::from_number)?,
        account: AccountId(input.u32("account")?),
        asset: AssetId(input.u32("asset")?),
        amount: Amount(input.i64("amount")?),
        reference: input.text("reference")?,
    })
}

/// Who gave a command, and the command: version, kind and fields as if it stood alone.
fn read_attributed(input: &mut In) -> Result<Command, CodecError> {
    let by = *read_provenance(PROVENANCE, input)?;
    let version = input.u8("version")?;
    let kind = input.u8("kind")?;
    if kind == kind::ATTRIBUTED || version_of(kind) == 0 {
        return Err(CodecError::Kind(kind));
    }
    if version == 0 || version > version_of(kind) {
        return Err(CodecError::Version { kind, version });
    }
    let command = read_fields(kind, version, input)?;
    if command.provenance().is_some() {
        return Err(CodecError::Kind(kind));
    }
    Ok(command.given_by(by))
}
