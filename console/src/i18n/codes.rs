//! Words for the codes of the public contract: sides, states, phases, reject codes. A code
//! from a newer backend that is not known here is shown as it is.

use super::Lang;

/// What kind of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `buy`, `sell`.
    Side,
    /// An order's status.
    Status,
    /// An order's type.
    Type,
    /// Time in force.
    TimeInForce,
    /// An instrument's phase.
    Phase,
    /// A quote that stands in for trading.
    Quote,
    /// A halted order kind and side.
    Halt,
    /// An order's condition.
    Condition,
    /// From which side a trigger fires.
    When,
    /// What an order does on meeting its own account.
    SelfTrade,
    /// Whether a sell is of borrowed shares.
    Short,
    /// Kind of an auction.
    Auction,
    /// How an auction ended.
    AuctionEnd,
    /// Market profile.
    Profile,
    /// Kind of an order event.
    Event,
    /// Reject code or close reason.
    Reason,
    /// Maker or taker.
    Liquidity,
    /// Where a command came from.
    Via,
    /// Kind of a requested action.
    Kind,
    /// What a request is about.
    Matter,
    /// State of a request.
    RequestState,
    /// Name of a field of an action or of its effect.
    Label,
    /// A code as a value of such a field.
    Value,
    /// Something to consider before an action.
    Warning,
    /// What an account may do.
    AccountStatus,
    /// What changed a balance.
    Cause,
    /// Measure of a risk limit.
    Measure,
    /// Whose a limit or a kill switch is.
    RiskScope,
    /// Mode of a circuit breaker.
    Breaker,
    /// Why a day is no business day.
    Closed,
    /// How long a candle lasts.
    Interval,
    /// What a feature flag switches.
    Flag,
}

type Row = (Word, &'static str, &'static str, &'static str);

const TABLE: &[Row] = {
    use Word::*;
    &[
        (
            Flag,
            "market_by_amount",
            "Market orders by amount of the quote asset",
            "金額指定の成行注文",
        ),
        (
            Flag,
            "contingent_orders",
            "Stop, take-profit, OCO, if-done and period orders",
            "逆指値・利食い・OCO・イフダン・期間指定の注文",
        ),
        (Flag, "odd_lot_orders", "Orders of the odd-lot desks", "単元未満株の注文"),
        (
            Flag,
            "self_trade_modes",
            "Orders with a self-trade prevention other than none",
            "自己売買防止を指定した注文",
        ),
        (
            Flag,
            "order_amendments",
            "Amendments of live orders; cancels are always taken",
            "有効な注文の訂正（取消は常に受付）",
        ),
        (Flag, "short_sales", "Sells of borrowed shares", "空売り（借株の売り）"),
        (Side, "buy", "Buy", "買"),
        (Side, "sell", "Sell", "売"),
        (Status, "open", "Open", "未約定"),
        (Status, "partially_filled", "Partly filled", "一部約定"),
        (Status, "filled", "Filled", "全部約定"),
        (Status, "cancelled", "Cancelled", "取消済"),
        (Status, "expired", "Expired", "失効"),
        (Status, "rejected", "Rejected", "拒否"),
        (Status, "pending_trigger", "Waiting for trigger", "条件待ち"),
        (Type, "limit", "Limit", "指値"),
        (Type, "market", "Market", "成行"),
        (Type, "stop", "Stop", "逆指値（成行）"),
        (Type, "stop_limit", "Stop limit", "逆指値（指値）"),
        (Type, "take_profit", "Take profit", "利食い（成行）"),
        (Type, "take_profit_limit", "Take profit limit", "利食い（指値）"),
        (TimeInForce, "gtc", "GTC", "GTC"),
        (TimeInForce, "day", "Day", "当日"),
        (TimeInForce, "ioc", "IOC", "IOC"),
        (TimeInForce, "fok", "FOK", "FOK"),
        (TimeInForce, "gtd", "GTD", "期間指定"),
        (Phase, "continuous", "Continuous", "ザラバ"),
        (Phase, "halted", "Halted", "売買停止"),
        (Phase, "closed", "Closed", "終了"),
        (Phase, "pre_open", "Pre-open", "寄付前受付"),
        (Phase, "break", "Break", "休憩"),
        (Phase, "pre_close", "Pre-close", "引け前（プレ・クロージング）"),
        (Phase, "call_auction", "Call auction", "板寄せ受付"),
        (Quote, "special_buy", "Special bid quote", "特別買気配"),
        (Quote, "special_sell", "Special ask quote", "特別売気配"),
        (Quote, "sequential_buy", "Sequential bid quote", "連続約定買気配"),
        (Quote, "sequential_sell", "Sequential ask quote", "連続約定売気配"),
        (Quote, "special", "Special quote", "特別気配"),
        (Quote, "sequential", "Sequential quote", "連続約定気配"),
        (Halt, "limit_buy", "Limit buys", "指値買"),
        (Halt, "limit_sell", "Limit sells", "指値売"),
        (Halt, "market_buy", "Market buys", "成行買"),
        (Halt, "market_sell", "Market sells", "成行売"),
        (Halt, "contingent_buy", "Stop buys", "逆指値買"),
        (Halt, "contingent_sell", "Stop sells", "逆指値売"),
        (Condition, "none", "None", "なし"),
        (Condition, "opening", "On open", "寄付"),
        (Condition, "closing", "On close", "引け"),
        (Condition, "funari", "Funari", "不成"),
        (Condition, "morning_closing", "On close (morning)", "引け(前場)"),
        (Condition, "morning_funari", "Funari (morning)", "不成(前場)"),
        (When, "at_or_above", "or above", "以上"),
        (When, "at_or_below", "or below", "以下"),
        (SelfTrade, "none", "None", "なし"),
        (SelfTrade, "cancel_taker", "Cancel the newer", "新しい注文を取消"),
        (SelfTrade, "cancel_maker", "Cancel the resting", "板の注文を取消"),
        (SelfTrade, "cancel_both", "Cancel both", "両方を取消"),
        (SelfTrade, "decrement", "Decrement both", "両方を減数"),
        (Short, "long", "No", "現物"),
        (Short, "short", "Short", "空売り"),
        (Short, "short_exempt", "Short, exempt", "空売り（規制対象外）"),
        (Auction, "opening", "Opening", "前場寄付"),
        (Auction, "morning_close", "Morning close", "前場引け"),
        (Auction, "afternoon_opening", "Afternoon opening", "後場寄付"),
        (Auction, "closing", "Closing", "大引け"),
        (Auction, "quote", "Out of a quote", "気配からの板寄せ"),
        (Auction, "circuit_break", "Circuit break", "サーキットブレーカー"),
        (Auction, "full_range", "Full range", "全価格帯"),
        (Auction, "resumption", "Resumption", "売買再開"),
        (Auction, "listing", "Listing", "新規上場"),
        (AuctionEnd, "priced", "Priced", "約定"),
        (AuctionEnd, "empty", "Nothing to trade", "約定なし"),
        (AuctionEnd, "unpriced", "No price", "値付かず"),
        (AuctionEnd, "stop_allocation", "Stop allocation", "ストップ配分"),
        (AuctionEnd, "special_execution", "At the bound of the range", "更新値幅の限度での約定"),
        (Profile, "tse", "Tokyo equities", "東証現物"),
        (Profile, "crypto", "Crypto assets", "暗号資産"),
        (Event, "accepted", "Accepted", "受付"),
        (Event, "rejected", "Rejected", "拒否"),
        (Event, "amended", "Amended", "訂正"),
        (Event, "trade", "Traded", "約定"),
        (Event, "closed", "Closed", "終了"),
        (Event, "parked", "Waiting", "待機"),
        (Event, "attached", "Attached", "後続注文登録"),
        (Event, "triggered", "Set off", "発動"),
        (Event, "prevented", "Self-trade prevented", "自己対当防止"),
        (Event, "set_off_refused", "Refused when set off", "発動時に受付不可"),
        (Liquidity, "maker", "Maker", "メイカー"),
        (Liquidity, "taker", "Taker", "テイカー"),
        (Liquidity, "auction", "Auction", "板寄せ"),
        (Liquidity, "desk", "Odd-lot desk", "単元未満株"),
        (Via, "rest", "REST", "REST"),
        (Via, "stream", "Stream", "ストリーム"),
        (Via, "admin", "Console", "コンソール"),
        (Via, "system", "System", "システム"),
        (AccountStatus, "active", "Active", "有効"),
        (AccountStatus, "suspended", "Suspended", "停止中"),
        (AccountStatus, "closed", "Closed", "閉鎖"),
        (Cause, "trade", "Trade", "約定"),
        (Cause, "fee", "Fee", "手数料"),
        (Cause, "rounding", "Rounding", "端数"),
        (Cause, "deposit", "Deposit", "入金"),
        (Cause, "withdraw", "Withdrawal", "出金"),
        (Cause, "adjust", "Adjustment", "調整"),
        (Cause, "correction", "Correction", "約定訂正"),
        (Measure, "order_quantity", "Order quantity (smallest units)", "注文数量（最小単位）"),
        (Measure, "order_value", "Order value", "注文金額"),
        (Measure, "day_value", "Value in one day", "当日売買代金"),
        (Measure, "open_orders", "Open orders", "未約定注文数"),
        (Measure, "position", "Position (smallest units)", "保有数（最小単位）"),
        (Measure, "price_collar", "Price collar (ppm)", "値段乖離（ppm）"),
        (Measure, "message_rate", "Messages per second", "毎秒の注文数"),
        (RiskScope, "venue", "Venue", "市場全体"),
        (RiskScope, "account", "Account", "口座"),
        (RiskScope, "members", "Each account of the group", "グループの各口座"),
        (RiskScope, "group", "Group as a whole", "グループ全体"),
        (RiskScope, "instrument", "Instrument", "銘柄"),
        (RiskScope, "session", "API key", "APIキー"),
        (Closed, "weekend", "weekend", "土日"),
        (Closed, "holiday", "holiday", "祝日・休業日"),
        (
            Closed,
            "the exchange is closed from December 31 to January 3",
            "the exchange is closed from December 31 to January 3",
            "年末年始（12月31日～1月3日）",
        ),
        (Closed, "special day", "special day", "特別日"),
        (Interval, "1m", "1m", "1分足"),
        (Interval, "5m", "5m", "5分足"),
        (Interval, "1h", "1h", "1時間足"),
        (Interval, "1d", "1d", "日足"),
        (Breaker, "none", "None", "なし"),
        (Breaker, "circuit_break", "Circuit break", "サーキットブレーカー"),
        (Breaker, "full_range", "Full-range call", "全価格帯の板寄せ"),
        (Reason, "not_initialised", "The venue is not set up yet", "市場が未設定"),
        (Reason, "capacity_exhausted", "A capacity limit is reached", "容量上限に到達"),
        (Reason, "already_exists", "The code is taken", "コードが登録済み"),
        (Reason, "invalid_spec", "The definition contradicts itself", "定義に矛盾"),
        (Reason, "unknown_account", "No such account", "口座が存在しない"),
        (Reason, "unknown_instrument", "No such instrument", "銘柄が存在しない"),
        (Reason, "unknown_asset", "No such asset", "資産が存在しない"),
        (Reason, "account_suspended", "The account is suspended", "口座が停止中"),
        (Reason, "account_closed", "The account is closed", "口座が閉鎖済み"),
        (Reason, "instrument_halted", "Trading is halted", "銘柄が売買停止中"),
        (Reason, "instrument_closed", "Trading is closed", "銘柄の取引が終了"),
        (Reason, "invalid_client_order_id", "Unusable client order ID", "顧客注文IDが不正"),
        (Reason, "duplicate_client_order_id", "Client order ID used already", "顧客注文IDが重複"),
        (Reason, "invalid_quantity", "Quantity is not positive", "数量が不正"),
        (Reason, "off_lot", "Not a multiple of the trading unit", "売買単位の倍数でない"),
        (Reason, "below_min_quantity", "Below the smallest order", "最小注文数量未満"),
        (Reason, "above_max_quantity", "Above the largest order", "最大注文数量超過"),
        (Reason, "invalid_price", "Unusable price", "値段が不正"),
        (Reason, "off_tick", "Not a multiple of the tick", "呼値の単位でない"),
        (Reason, "price_out_of_limits", "Outside the day's limits", "制限値幅外"),
        (Reason, "notional_too_large", "Price times quantity is too large", "約定代金が過大"),
        (Reason, "invalid_time_in_force", "Combination not allowed", "執行条件の組合せが不可"),
        (Reason, "insufficient_funds", "Not enough available", "余力不足"),
        (Reason, "post_only_would_cross", "Post-only would have traded", "メイク専用だが即時約定"),
        (Reason, "no_reference_price", "No price to bound a market order", "成行の基準値段なし"),
        (Reason, "open_order_cap", "Too many open orders", "未約定注文数の上限"),
        (Reason, "order_not_found", "No such order", "注文が存在しない"),
        (Reason, "order_not_open", "The order is finished", "注文は終了済み"),
        (Reason, "nothing_to_amend", "Nothing to amend", "訂正内容なし"),
        (Reason, "quantity_increase", "Quantity cannot be raised", "数量の増加は不可"),
        (Reason, "quantity_below_filled", "Below the filled quantity", "約定済み数量以下"),
        (Reason, "invalid_amount", "Unusable amount", "金額が不正"),
        (Reason, "amount_overflow", "The balance would overflow", "残高が上限を超過"),
        (Reason, "invalid_day", "Not a later day", "日付が不正"),
        (Reason, "phase_closed", "No orders in this phase", "注文受付時間外"),
        (Reason, "invalid_condition", "Condition does not fit", "執行条件が不適合"),
        (Reason, "over_listed_shares", "Above 30% of listed shares", "上場株式数の30%超"),
        (Reason, "short_sale_restricted", "Short-sale price rule", "空売り価格規制"),
        (Reason, "invalid_trigger", "Unusable trigger", "発動条件が不正"),
        (Reason, "invalid_expiry", "Unusable last day", "有効期限が不正"),
        (Reason, "order_kind_halted", "This kind of order is halted", "注文種別が停止中"),
        (Reason, "market_order_in_call", "No market orders in a call", "板寄せ中は成行不可"),
        (Reason, "risk_order_quantity", "Risk limit: order quantity", "リスク上限：注文数量"),
        (Reason, "risk_order_value", "Risk limit: order value", "リスク上限：注文金額"),
        (Reason, "risk_day_value", "Risk limit: value in one day", "リスク上限：当日売買代金"),
        (Reason, "risk_open_orders", "Risk limit: open orders", "リスク上限：未約定注文数"),
        (Reason, "risk_position", "Risk limit: position", "リスク上限：建玉・保有数"),
        (Reason, "risk_price_collar", "Risk limit: price", "リスク上限：値段乖離"),
        (
            Reason,
            "risk_message_rate",
            "Risk limit: messages per second",
            "リスク上限：毎秒の注文数",
        ),
        (Reason, "kill_switch", "A kill switch is on", "キルスイッチ作動中"),
        (Reason, "odd_lot_unavailable", "Odd-lot desk closed", "単元未満株の受付停止"),
        (Reason, "odd_lot_cap", "Above the odd-lot cap", "単元未満株の上限超過"),
        (Reason, "odd_lot_no_quote", "No best price to deal on", "基準気配なし"),
        (Reason, "odd_lot_price", "Quote worse than the price", "提示値段が指定より不利"),
        (Reason, "house_inventory", "The house cannot take it", "自己勘定の在庫不足"),
        (Reason, "invalid_step", "Not the next step of the day", "立会段階が不正"),
        (Reason, "invalid_call", "No call can begin now", "板寄せを開始できない"),
        (Reason, "amend_not_allowed", "Cannot be amended in this way", "この訂正は不可"),
        (Reason, "trade_not_found", "No such trade", "約定が存在しない"),
        (Reason, "trade_changed", "The trade was corrected since", "約定が訂正済み"),
        (Reason, "self_trade", "Met the account's own order", "自己対当の防止"),
        (Reason, "auction_rest", "Left over by its auction", "板寄せの残数量"),
        (Reason, "off_limits", "Outside the new limits", "新しい制限値幅外"),
        (Reason, "parent_ended", "First order ended unfilled", "先行注文が未約定で終了"),
        (Reason, "trigger_refused", "Set off but refused", "発動後に受付拒否"),
        (Reason, "circuit_breaker", "Stopped by the breaker", "サーキットブレーカー発動"),
        (Reason, "filled", "Filled", "全部約定"),
        (Reason, "cancelled", "Cancelled", "取消"),
        (Reason, "cancelled_many", "Cancelled with others", "一括取消"),
        (Reason, "immediate_rest", "Rest of an immediate order", "即時注文の残数量取消"),
        (Reason, "fill_or_kill", "Could not fill whole", "全数量約定できず失効"),
        (Reason, "expired", "Its time was up", "有効期間の終了"),
    ]
};

/// The word for a code, or the code itself.
pub fn word(lang: Lang, kind: Word, code: &str) -> String {
    let known = |row: &&Row| row.0 == kind && row.1 == code;
    TABLE.iter().chain(super::requests::TABLE).find(known).map_or_else(
        || code.to_owned(),
        |(_, _, en, ja)| match lang {
            Lang::En => (*en).to_owned(),
            Lang::Ja => (*ja).to_owned(),
        },
    )
}

/// Every code of a kind with its word, in the table's order; for choices of a form.
pub fn words(lang: Lang, kind: Word) -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.iter().filter(|row| row.0 == kind);
    rows.map(|(_, code, en, ja)| (*code, if lang == Lang::En { *en } else { *ja })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaraba_engine::reject::Reject;

    #[test]
    fn every_flag_of_the_backend_has_words() {
        for flag in zaraba::flags::Flag::ALL {
            assert_eq!(word(Lang::En, Word::Flag, flag.as_str()), flag.meaning());
            assert_ne!(word(Lang::Ja, Word::Flag, flag.as_str()), flag.as_str());
        }
    }

    #[test]
    fn every_refusal_of_the_engine_has_words() {
        for reject in Reject::ALL {
            for lang in [Lang::Ja, Lang::En] {
                let text = word(lang, Word::Reason, reject.code());
                assert_ne!(text, reject.code(), "{:?} has no words", reject);
            }
        }
    }

    #[test]
    fn every_close_reason_of_the_engine_has_words() {
        for reason in zaraba_engine::event::CloseReason::ALL {
            assert_ne!(word(Lang::Ja, Word::Reason, reason.as_str()), reason.as_str());
        }
    }

    #[test]
    fn every_word_of_the_market_rules_is_there() {
        use zaraba_engine::types::{AuctionEnd, AuctionKind, Condition, Phase, QuoteKind};
        let there = |kind, code: &str| {
            assert!(TABLE.iter().any(|r| r.0 == kind && r.1 == code), "{kind:?} {code}");
        };
        Phase::ALL.iter().for_each(|it| there(Word::Phase, it.as_str()));
        Condition::ALL.iter().for_each(|it| there(Word::Condition, it.as_str()));
        AuctionKind::ALL.iter().for_each(|it| there(Word::Auction, it.as_str()));
        AuctionEnd::ALL.iter().for_each(|it| there(Word::AuctionEnd, it.as_str()));
        let quotes = QuoteKind::ALL.iter().filter(|it| **it != QuoteKind::Free);
        quotes.for_each(|it| there(Word::Quote, it.as_str()));
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is() {
        assert_eq!(word(Lang::Ja, Word::Status, "newer"), "newer");
    }

    #[test]
    fn codes_are_listed_once() {
        let all: Vec<&Row> = TABLE.iter().chain(crate::i18n::requests::TABLE).collect();
        for (at, (kind, code, en, ja)) in all.iter().enumerate() {
            assert!(!en.is_empty() && !ja.is_empty());
            assert!(!all[..at].iter().any(|r| r.0 == *kind && r.1 == *code), "{code} twice");
        }
    }
}
