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
}

type Row = (Word, &'static str, &'static str, &'static str);

const TABLE: &[Row] = {
    use Word::*;
    &[
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
        (TimeInForce, "gtc", "GTC", "GTC"),
        (TimeInForce, "day", "Day", "当日"),
        (TimeInForce, "ioc", "IOC", "IOC"),
        (TimeInForce, "fok", "FOK", "FOK"),
        (Phase, "continuous", "Continuous", "ザラバ"),
        (Phase, "halted", "Halted", "売買停止"),
        (Phase, "closed", "Closed", "終了"),
        (Profile, "tse", "Tokyo equities", "東証現物"),
        (Profile, "crypto", "Crypto assets", "暗号資産"),
        (Event, "accepted", "Accepted", "受付"),
        (Event, "rejected", "Rejected", "拒否"),
        (Event, "amended", "Amended", "訂正"),
        (Event, "trade", "Traded", "約定"),
        (Event, "closed", "Closed", "終了"),
        (Liquidity, "maker", "Maker", "メイカー"),
        (Liquidity, "taker", "Taker", "テイカー"),
        (Liquidity, "auction", "Auction", "板寄せ"),
        (Via, "rest", "REST", "REST"),
        (Via, "stream", "Stream", "ストリーム"),
        (Via, "admin", "Console", "コンソール"),
        (Via, "system", "System", "システム"),
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
        (Reason, "filled", "Filled", "全部約定"),
        (Reason, "cancelled", "Cancelled", "取消"),
        (Reason, "cancelled_many", "Cancelled with others", "一括取消"),
        (Reason, "immediate_rest", "Rest of an immediate order", "即時注文の残数量取消"),
        (Reason, "fill_or_kill", "Could not fill whole", "全数量約定できず失効"),
        (Reason, "expired", "Expired at the end of the day", "当日限りで失効"),
    ]
};

/// The word for a code, or the code itself.
pub fn word(lang: Lang, kind: Word, code: &str) -> String {
    TABLE.iter().find(|(k, c, _, _)| *k == kind && *c == code).map_or_else(
        || code.to_owned(),
        |(_, _, en, ja)| match lang {
            Lang::En => (*en).to_owned(),
            Lang::Ja => (*ja).to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaraba_engine::reject::Reject;

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
        use zaraba_engine::event::CloseReason::*;
        for reason in [Filled, Cancelled, CancelledMany, ImmediateRest, FillOrKill, Expired] {
            assert_ne!(word(Lang::Ja, Word::Reason, reason.as_str()), reason.as_str());
        }
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is() {
        assert_eq!(word(Lang::Ja, Word::Status, "newer"), "newer");
    }

    #[test]
    fn codes_are_listed_once() {
        for (at, (kind, code, en, ja)) in TABLE.iter().enumerate() {
            assert!(!en.is_empty() && !ja.is_empty());
            assert!(!TABLE[..at].iter().any(|r| r.0 == *kind && r.1 == *code), "{code} twice");
        }
    }
}
