//! Why a command was refused. A reject is a value with a stable code, never an error of
//! the platform.

/// A refusal. The code is public and never changes its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[repr(u8)]
#[error("{}", self.code())]
pub enum Reject {
    /// The journal has no `Genesis` yet, or has one already.
    NotInitialised = 1,
    /// A bound of [`crate::command::Limits`] is reached.
    CapacityExhausted = 2,
    /// The code or symbol is taken.
    AlreadyExists = 3,
    /// The definition contradicts itself (units, ticks, lots, fees, limits).
    InvalidSpec = 4,
    /// No such account.
    UnknownAccount = 5,
    /// No such instrument.
    UnknownInstrument = 6,
    /// No such asset.
    UnknownAsset = 7,
    /// The account may only cancel.
    AccountSuspended = 8,
    /// The account is closed.
    AccountClosed = 9,
    /// The instrument is halted.
    InstrumentHalted = 10,
    /// The instrument is closed.
    InstrumentClosed = 11,
    /// The client id or reference is empty.
    InvalidClientId = 12,
    /// The client id was used with other content.
    DuplicateClientOrderId = 13,
    /// Zero or negative quantity.
    InvalidQuantity = 14,
    /// Not a multiple of the trading unit.
    OffLot = 15,
    /// Below the smallest order.
    BelowMinQuantity = 16,
    /// Above the largest order.
    AboveMaxQuantity = 17,
    /// Zero or negative price, or a price on a market order.
    InvalidPrice = 18,
    /// Not a multiple of the tick.
    OffTick = 19,
    /// Outside the day's limits.
    PriceOutOfLimits = 20,
    /// Price times quantity does not fit the arithmetic.
    NotionalTooLarge = 21,
    /// The combination of kind, time in force and post-only is not allowed.
    InvalidTimeInForce = 22,
    /// Not enough available to lock or withdraw.
    InsufficientFunds = 23,
    /// A post-only order would have traded.
    PostOnlyWouldCross = 24,
    /// A market order without any price to bound it by.
    NoReferencePrice = 25,
    /// The account has as many open orders in the instrument as allowed.
    OpenOrderCap = 26,
    /// No such order of this account.
    OrderNotFound = 27,
    /// The order is already finished.
    OrderNotOpen = 28,
    /// An amendment that asks for nothing.
    NothingToAmend = 29,
    /// An amendment that raises the quantity.
    QuantityIncrease = 30,
    /// An amendment to what is filled already, or less.
    QuantityBelowFilled = 31,
    /// Zero or wrongly signed amount.
    InvalidAmount = 32,
    /// The balance would not fit the arithmetic.
    AmountOverflow = 33,
    /// The day is not after the current one.
    InvalidDay = 34,
    /// The market takes no orders in this phase.
    PhaseClosed = 35,
    /// The condition does not fit the kind, time in force, phase or profile.
    InvalidCondition = 36,
    /// Above 30% of the listed shares.
    OverListedShares = 37,
    /// A short sale at or below the last price while the price rule binds.
    ShortSaleRestricted = 38,
    /// The trigger price, its direction or the combination of legs is not allowed.
    InvalidTrigger = 39,
    /// The last day of a period order has passed or is too far off.
    InvalidExpiry = 40,
    /// This kind and side of order is halted in the instrument.
    KindHalted = 41,
    /// Market orders are refused while an auction is called.
    CallAuction = 42,
    /// Above the largest order quantity allowed to the account, group or instrument.
    RiskOrderQuantity = 43,
    /// Above the largest order value allowed.
    RiskOrderValue = 44,
    /// Above the value allowed in one day.
    RiskDayValue = 45,
    /// Above the number of open orders allowed.
    RiskOpenOrders = 46,
    /// Above the position allowed.
    RiskPosition = 47,
    /// Too far from the reference price.
    RiskCollar = 48,
    /// More orders and amendments in this second than allowed.
    RiskMessages = 49,
    /// A kill switch is on.
    Killed = 50,
    /// The odd-lot desk is closed for this instrument or now.
    OddLotUnavailable = 51,
    /// Above the odd-lot desk's cap in shares or value, or not below the trading unit.
    OddLotCap = 52,
    /// No best quote to deal on.
    OddLotNoQuote = 53,
    /// The quote is worse than the price asked for.
    OddLotPrice = 54,
    /// The house has not enough shares or cash to take the other side.
    HouseInventory = 55,
    /// The session step is not after the last one, or of another day.
    InvalidStep = 56,
    /// A call auction cannot begin now.
    NotInCall = 57,
    /// This order cannot be amended in this way now.
    AmendNotAllowed = 58,
    /// No such trade.
    TradeNotFound = 59,
    /// The trade does not stand as the correction says.
    TradeChanged = 60,
}

impl Reject {
    /// Every refusal there is, in order of number.
    pub const ALL: [Reject; 60] = {
        use Reject::*;
        [
            NotInitialised,
            CapacityExhausted,
            AlreadyExists,
            InvalidSpec,
            UnknownAccount,
            UnknownInstrument,
            UnknownAsset,
            AccountSuspended,
            AccountClosed,
            InstrumentHalted,
            InstrumentClosed,
            InvalidClientId,
            DuplicateClientOrderId,
            InvalidQuantity,
            OffLot,
            BelowMinQuantity,
            AboveMaxQuantity,
            InvalidPrice,
            OffTick,
            PriceOutOfLimits,
            NotionalTooLarge,
            InvalidTimeInForce,
            InsufficientFunds,
            PostOnlyWouldCross,
            NoReferencePrice,
            OpenOrderCap,
            OrderNotFound,
            OrderNotOpen,
            NothingToAmend,
            QuantityIncrease,
            QuantityBelowFilled,
            InvalidAmount,
            AmountOverflow,
            InvalidDay,
            PhaseClosed,
            InvalidCondition,
            OverListedShares,
            ShortSaleRestricted,
            InvalidTrigger,
            InvalidExpiry,
            KindHalted,
            CallAuction,
            RiskOrderQuantity,
            RiskOrderValue,
            RiskDayValue,
            RiskOpenOrders,
            RiskPosition,
            RiskCollar,
            RiskMessages,
            Killed,
            OddLotUnavailable,
            OddLotCap,
            OddLotNoQuote,
            OddLotPrice,
            HouseInventory,
            InvalidStep,
            NotInCall,
            AmendNotAllowed,
            TradeNotFound,
            TradeChanged,
        ]
    };

    /// The stable public code.
    pub fn code(self) -> &'static str {
        match self {
            Reject::NotInitialised => "not_initialised",
            Reject::CapacityExhausted => "capacity_exhausted",
            Reject::AlreadyExists => "already_exists",
            Reject::InvalidSpec => "invalid_spec",
            Reject::UnknownAccount => "unknown_account",
            Reject::UnknownInstrument => "unknown_instrument",
            Reject::UnknownAsset => "unknown_asset",
            Reject::AccountSuspended => "account_suspended",
            Reject::AccountClosed => "account_closed",
            Reject::InstrumentHalted => "instrument_halted",
            Reject::InstrumentClosed => "instrument_closed",
            Reject::InvalidClientId => "invalid_client_order_id",
            Reject::DuplicateClientOrderId => "duplicate_client_order_id",
            Reject::InvalidQuantity => "invalid_quantity",
            Reject::OffLot => "off_lot",
            Reject::BelowMinQuantity => "below_min_quantity",
            Reject::AboveMaxQuantity => "above_max_quantity",
            Reject::InvalidPrice => "invalid_price",
            Reject::OffTick => "off_tick",
            Reject::PriceOutOfLimits => "price_out_of_limits",
            Reject::NotionalTooLarge => "notional_too_large",
            Reject::InvalidTimeInForce => "invalid_time_in_force",
            Reject::InsufficientFunds => "insufficient_funds",
            Reject::PostOnlyWouldCross => "post_only_would_cross",
            Reject::NoReferencePrice => "no_reference_price",
            Reject::OpenOrderCap => "open_order_cap",
            Reject::OrderNotFound => "order_not_found",
            Reject::OrderNotOpen => "order_not_open",
            Reject::NothingToAmend => "nothing_to_amend",
            Reject::QuantityIncrease => "quantity_increase",
            Reject::QuantityBelowFilled => "quantity_below_filled",
            Reject::InvalidAmount => "invalid_amount",
            Reject::AmountOverflow => "amount_overflow",
            Reject::InvalidDay => "invalid_day",
            Reject::PhaseClosed => "phase_closed",
            Reject::InvalidCondition => "invalid_condition",
            Reject::OverListedShares => "over_listed_shares",
            Reject::ShortSaleRestricted => "short_sale_restricted",
            Reject::InvalidTrigger => "invalid_trigger",
            Reject::InvalidExpiry => "invalid_expiry",
            Reject::KindHalted => "order_kind_halted",
            Reject::CallAuction => "market_order_in_call",
            Reject::RiskOrderQuantity => "risk_order_quantity",
            Reject::RiskOrderValue => "risk_order_value",
            Reject::RiskDayValue => "risk_day_value",
            Reject::RiskOpenOrders => "risk_open_orders",
            Reject::RiskPosition => "risk_position",
            Reject::RiskCollar => "risk_price_collar",
            Reject::RiskMessages => "risk_message_rate",
            Reject::Killed => "kill_switch",
            Reject::OddLotUnavailable => "odd_lot_unavailable",
            Reject::OddLotCap => "odd_lot_cap",
            Reject::OddLotNoQuote => "odd_lot_no_quote",
            Reject::OddLotPrice => "odd_lot_price",
            Reject::HouseInventory => "house_inventory",
            Reject::InvalidStep => "invalid_step",
            Reject::NotInCall => "invalid_call",
            Reject::AmendNotAllowed => "amend_not_allowed",
            Reject::TradeNotFound => "trade_not_found",
            Reject::TradeChanged => "trade_changed",
        }
    }

    /// The refusal with this number, as written in journals and snapshots.
    pub fn from_number(number: u8) -> Option<Reject> {
        Reject::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}
