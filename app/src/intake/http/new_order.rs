//! Reading one new order: the JSON of every kind (plain, contingent, odd lot) to the command it
//! asks for. What combines with what is said here only as far as the JSON could not be written
//! as a command at all; every trading rule is the engine's.

mod body;

use zaraba_engine::Command;
use zaraba_engine::command::{Child, Contingent, OddLot, Place, StopLeg, Via};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::decimal;
use super::error::{ApiError, ApiResult, Code};
use super::extract::{Signed, Trade};
use super::fields::{self, Given, choice, required, word};
use super::order_words::{
    client_order_id, condition_of, date_of, limit_price, positive_price, quantity_of, short_of,
    side_of, stop_price_of,
};
use crate::platform::Platform;
pub use body::PlaceBody;
use body::{ChildBody, OcoBody};

/// What an answer to a new order is made from.
pub(super) struct NewOrder {
    /// Whose.
    pub(super) account: AccountId,
    /// Its client order id.
    pub(super) client_id: ClientId,
    /// That of the order that follows it.
    pub(super) child_id: Option<ClientId>,
    /// Its instrument.
    pub(super) spec: InstrumentSpec,
}

/// A new order that cannot be a command.
pub(super) struct Unread {
    /// Its client order id, if that much could be read.
    pub(super) client_id: Option<ClientId>,
    /// Why.
    pub(super) error: ApiError,
}

impl From<ApiError> for Box<Unread> {
    fn from(error: ApiError) -> Box<Unread> {
        Box::new(Unread { client_id: None, error })
    }
}

/// Reads one new order of the caller.
pub(super) fn read(
    body: &[u8],
    platform: &Platform,
    request: &Signed<Trade>,
) -> Result<(Command, NewOrder), Box<Unread>> {
    let body: PlaceBody<'_> = fields::read(body)?;
    let client_id = client_order_id(&body.client_order_id)?;
    order_of(&body, client_id, platform, request)
        .and_then(|(command, new)| match new.is_known(platform) {
            // A repeat gets its first answer, whatever is switched off since.
            true => Ok((command, new)),
            false => allowed(&command, new.spec.profile, platform).map(|()| (command, new)),
        })
        .map_err(|error| Box::new(Unread { client_id: Some(client_id), error }))
}

impl NewOrder {
    fn is_known(&self, platform: &Platform) -> bool {
        platform.live.order_by_client_id(self.account, &self.client_id).is_some()
    }
}

/// Whether nothing that a command uses is switched off.
///
/// # Errors
/// `feature_disabled`.
pub(super) fn allowed(command: &Command, product: Profile, platform: &Platform) -> ApiResult<()> {
    match platform.flags.refuses(command, product) {
        None => Ok(()),
        Some(flag) => {
            let message = format!("{} are switched off at present", flag.meaning());
            let details = serde_json::json!({"feature": flag.as_str()});
            Err(ApiError::new(Code::FeatureDisabled, message).details(details))
        }
    }
}

fn order_of(
    body: &PlaceBody<'_>,
    client_id: ClientId,
    platform: &Platform,
    request: &Signed<Trade>,
) -> ApiResult<(Command, NewOrder)> {
    let symbol = required(&body.symbol, "symbol")?.text("symbol")?;
    // Told before the instrument is looked for, so that a wrong word is always told.
    let side = side_of(&body.side)?;
    let kind = Kind::of(&body.r#type)?;
    let (instrument, spec) = platform
        .live
        .spec_by_symbol(symbol)
        .ok_or_else(|| ApiError::plain(Code::UnknownInstrument).field("symbol"))?;
    let account = request.account();
    let mut new = NewOrder { account, client_id, child_id: None, spec };
    let from = Sender { account, instrument, client_id, key: request.principal.key.key_id };
    if let Some(desk) = &body.odd_lot {
        let desk = choice("odd_lot", desk, Desk::ALL, Desk::as_str)?;
        let odd = odd_lot(body, desk, side, kind, &from, &spec)?;
        return Ok((Command::PlaceOddLot(Box::new(odd)), new));
    }
    let terms = Terms::of(
        &Leg {
            price: &body.price,
            stop_price: &body.stop_price,
            time_in_force: &body.time_in_force,
            expires_on: &body.expires_on,
            oco: body.oco.as_deref(),
            follows: false,
            by_amount: body.quote_amount.is_some(),
        },
        side,
        kind,
        &spec,
    )?;
    let order = place(body, &terms, &from, &spec, platform)?;
    let child = match &body.if_done {
        Some(child) => Some(child_of(child, &spec).map_err(|error| error.within("if_done"))?),
        None => None,
    };
    new.child_id = child.map(|child| child.client_id);
    let Terms { trigger, stop, expires, .. } = terms;
    let plain = trigger.is_none() && stop.is_none() && child.is_none();
    if plain && order.time_in_force != TimeInForce::Gtd {
        return Ok((Command::Place(order), new));
    }
    let contingent = Contingent { order, trigger, stop, expires, child };
    Ok((Command::PlaceContingent(Box::new(contingent)), new))
}

/// Who asks for what.
struct Sender {
    account: AccountId,
    instrument: InstrumentId,
    client_id: ClientId,
    key: u32,
}

fn place(
    body: &PlaceBody<'_>,
    terms: &Terms,
    from: &Sender,
    spec: &InstrumentSpec,
    platform: &Platform,
) -> ApiResult<Place> {
    let (quantity, by_amount) = size(body, terms, spec, platform)?;
    let post_only = match &body.post_only {
        Some(given) => given.flag("post_only")?,
        None => false,
    };
    let condition = match &body.condition {
        Some(given) => condition_of(given)?,
        None => Condition::Any,
    };
    let self_trade = match &body.self_trade_prevention {
        Some(given) => choice("self_trade_prevention", given, SelfTrade::ALL, SelfTrade::as_str)?,
        None => SelfTrade::Allow,
    };
    let short = match &body.short_sale {
        Some(given) => short_of(given)?,
        None => ShortSale::Long,
    };
    Ok(Place {
        account: from.account,
        instrument: from.instrument,
        side: terms.side,
        kind: terms.kind,
        time_in_force: terms.time_in_force,
        post_only,
        price: terms.price,
        quantity,
        client_id: from.client_id,
        via: Via::Rest,
        key: from.key,
        condition,
        self_trade,
        short,
        by_amount,
    })
}

/// The quantity, or the amount in minor units of the quote asset, and which of them it is.
fn size(
    body: &PlaceBody<'_>,
    terms: &Terms,
    spec: &InstrumentSpec,
    platform: &Platform,
) -> ApiResult<(Quantity, bool)> {
    let Some(amount) = &body.quote_amount else {
        let quantity = required(&body.quantity, "quantity")?.text("quantity")?;
        return Ok((quantity_of(quantity, "quantity", spec)?, false));
    };
    let wrong = |message| ApiError::new(Code::InvalidValue, message).field("quote_amount");
    if body.quantity.is_some() {
        return Err(wrong("give quantity or quote_amount, not both"));
    }
    if terms.kind != OrderKind::Market || terms.trigger.is_some() {
        return Err(wrong("only market orders are by amount"));
    }
    let quote = platform.live.asset(spec.quote_asset);
    let exponent = quote.map_or(0, |asset| asset.exponent);
    decimal::parse(amount.text("quote_amount")?, exponent)
        .ok()
        .filter(|amount| *amount > 0)
        .map(|amount| (Quantity(amount), true))
        .ok_or_else(|| ApiError::plain(Code::InvalidAmount).field("quote_amount"))
}

/// An order's type: what it is or becomes, and whether and how it waits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    kind: OrderKind,
    waits: Option<Waits>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Stop,
    TakeProfit,
}

impl Kind {
    fn of(given: &Option<Given<'_>>) -> ApiResult<Kind> {
        use OrderKind::{Limit, Market};
        let kind = |kind, waits| Kind { kind, waits };
        let words = [
            ("limit", kind(Limit, None)),
            ("market", kind(Market, None)),
            ("stop", kind(Market, Some(Waits::Stop))),
            ("stop_limit", kind(Limit, Some(Waits::Stop))),
            ("take_profit", kind(Market, Some(Waits::TakeProfit))),
            ("take_profit_limit", kind(Limit, Some(Waits::TakeProfit))),
        ];
        word("type", required(given, "type")?.text("type")?, &words)
    }
}

impl Waits {
    /// From which side the last price reaches the trigger.
    fn when(self, side: Side) -> TriggerWhen {
        match (self, side) {
            (Waits::Stop, Side::Buy) | (Waits::TakeProfit, Side::Sell) => TriggerWhen::AtOrAbove,
            (Waits::Stop, Side::Sell) | (Waits::TakeProfit, Side::Buy) => TriggerWhen::AtOrBelow,
        }
    }
}

/// The fields an order and the one that follows it have in common.
struct Leg<'b, 'a> {
    price: &'b Option<Given<'a>>,
    stop_price: &'b Option<Given<'a>>,
    time_in_force: &'b Option<Given<'a>>,
    expires_on: &'b Option<Given<'a>>,
    oco: Option<&'b OcoBody<'a>>,
    /// Whether it is the order that follows.
    follows: bool,
    /// Whether it is by amount: those never rest.
    by_amount: bool,
}

/// What they say.
struct Terms {
    side: Side,
    kind: OrderKind,
    price: Price,
    trigger: Option<Trigger>,
    stop: Option<StopLeg>,
    time_in_force: TimeInForce,
    expires: u32,
}

impl Terms {
    fn of(leg: &Leg<'_, '_>, side: Side, kind: Kind, spec: &InstrumentSpec) -> ApiResult<Terms> {
        let price = limit_price(kind.kind, leg.price, spec)?;
        let trigger = match (kind.waits, leg.stop_price) {
            (Some(waits), given) => {
                let text = required(given, "stop_price")?.text("stop_price")?;
                Some(Trigger { price: stop_price_of(text, spec)?, when: waits.when(side) })
            }
            (None, None) => None,
            (None, Some(given)) => {
                given.text("stop_price")?;
                let message = "only stop and take-profit kinds take a stop_price";
                return Err(ApiError::new(Code::InvalidTrigger, message).field("stop_price"));
            }
        };
        let stop = match leg.oco {
            Some(oco) => Some(stop_leg(oco, side, kind, spec).map_err(|e| e.within("oco"))?),
            None => None,
        };
        let (time_in_force, expires) = leg.lives(kind, spec)?;
        Ok(Terms { side, kind: kind.kind, price, trigger, stop, time_in_force, expires })
    }
}

impl Leg<'_, '_> {
    /// How long the order lives, and its last day.
    fn lives(&self, kind: Kind, spec: &InstrumentSpec) -> ApiResult<(TimeInForce, u32)> {
        let expires = match self.expires_on {
            Some(given) => Some(date_of(given.text("expires_on")?)?),
            None => None,
        };
        let at_once = kind == Kind { kind: OrderKind::Market, waits: None } && !self.follows;
        let time_in_force = match self.time_in_force {
            Some(given) => choice("time_in_force", given, TimeInForce::ALL, TimeInForce::as_str)?,
            None if expires.is_some() => TimeInForce::Gtd,
            None if at_once && (self.by_amount || !spec.session_rules) => TimeInForce::Ioc,
            None => match spec.profile {
                Profile::Tse => TimeInForce::Day,
                Profile::Crypto => TimeInForce::Gtc,
            },
        };
        match (time_in_force, expires) {
            (TimeInForce::Gtd, Some(day)) => Ok((time_in_force, day)),
            (TimeInForce::Gtd, None) => {
                let message = "expires_on is required for gtd";
                Err(ApiError::new(Code::MissingField, message).field("expires_on"))
            }
            (_, None) => Ok((time_in_force, 0)),
            (_, Some(_)) => {
                let message = "only gtd orders have a last day";
                Err(ApiError::new(Code::InvalidExpiry, message).field("expires_on"))
            }
        }
    }
}

fn stop_leg(
    oco: &OcoBody<'_>,
    side: Side,
    kind: Kind,
    spec: &InstrumentSpec,
) -> ApiResult<StopLeg> {
    if kind != (Kind { kind: OrderKind::Limit, waits: None }) {
        let message = "only a limit order has a stop half";
        return Err(ApiError::new(Code::InvalidTrigger, message).field("stop_price"));
    }
    let text = required(&oco.stop_price, "stop_price")?.text("stop_price")?;
    let trigger = Trigger { price: stop_price_of(text, spec)?, when: Waits::Stop.when(side) };
    let price = match &oco.price {
        Some(given) => positive_price(given, spec)?,
        None => Price::ZERO,
    };
    Ok(StopLeg { trigger, price })
}

fn child_of(body: &ChildBody<'_>, spec: &InstrumentSpec) -> ApiResult<Child> {
    let client_id = client_order_id(&body.client_order_id)?;
    let leg = Leg {
        price: &body.price,
        stop_price: &body.stop_price,
        time_in_force: &body.time_in_force,
        expires_on: &body.expires_on,
        oco: body.oco.as_deref(),
        follows: true,
        by_amount: false,
    };
    let side = side_of(&body.side)?;
    let terms = Terms::of(&leg, side, Kind::of(&body.r#type)?, spec)?;
    Ok(Child {
        side,
        kind: terms.kind,
        price: terms.price,
        trigger: terms.trigger,
        stop: terms.stop,
        time_in_force: terms.time_in_force,
        expires: terms.expires,
        client_id,
    })
}

fn odd_lot(
    body: &PlaceBody<'_>,
    desk: Desk,
    side: Side,
    kind: Kind,
    from: &Sender,
    spec: &InstrumentSpec,
) -> ApiResult<OddLot> {
    let given = [
        ("quote_amount", body.quote_amount.is_some()),
        ("stop_price", body.stop_price.is_some() || kind.waits.is_some()),
        ("time_in_force", body.time_in_force.is_some()),
        ("expires_on", body.expires_on.is_some()),
        ("condition", body.condition.is_some()),
        ("post_only", body.post_only.is_some()),
        ("self_trade_prevention", body.self_trade_prevention.is_some()),
        ("short_sale", body.short_sale.is_some()),
        ("oco", body.oco.is_some()),
        ("if_done", body.if_done.is_some()),
        ("type", desk == Desk::Batch && kind.kind == OrderKind::Limit),
    ];
    if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
        let message = "an odd-lot order has a quantity, and at the principal desk a limit price; \
                       nothing else";
        return Err(ApiError::new(Code::UnsupportedValue, message).field(field));
    }
    let quantity = required(&body.quantity, "quantity")?.text("quantity")?;
    Ok(OddLot {
        account: from.account,
        instrument: from.instrument,
        side,
        desk,
        quantity: quantity_of(quantity, "quantity", spec)?,
        price: match kind.kind {
            OrderKind::Limit => positive_price(required(&body.price, "price")?, spec)?,
            OrderKind::Market => limit_price(kind.kind, &body.price, spec)?,
        },
        client_id: from.client_id,
        via: Via::Rest,
        key: from.key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_follow_the_price_away_and_profits_meet_it() {
        assert_eq!(Waits::Stop.when(Side::Buy), TriggerWhen::AtOrAbove);
        assert_eq!(Waits::Stop.when(Side::Sell), TriggerWhen::AtOrBelow);
        assert_eq!(Waits::TakeProfit.when(Side::Buy), TriggerWhen::AtOrBelow);
        assert_eq!(Waits::TakeProfit.when(Side::Sell), TriggerWhen::AtOrAbove);
    }
}
