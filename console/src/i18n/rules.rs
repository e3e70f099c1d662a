//! Why an order was refused or ended, in a sentence: the rule behind each code.

use super::Lang;

/// Code, English, Japanese.
type Row = (&'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    (
        "not_initialised",
        "The venue has no instruments or accounts yet, so nothing can be ordered.",
        "市場に銘柄や口座がまだ登録されていないため、注文を受け付けられません。",
    ),
    (
        "capacity_exhausted",
        "A table of fixed size in the engine is full; nothing more is taken until something ends.",
        "エンジンの固定長の領域が満杯のため、空きができるまで受け付けられません。",
    ),
    (
        "already_exists",
        "The code is in use; codes are never given twice.",
        "コードは使用済みです。同じコードは二度使えません。",
    ),
    (
        "invalid_spec",
        "The terms given contradict each other or lie outside what the engine can compute.",
        "指定された条件が互いに矛盾しているか、計算可能な範囲を超えています。",
    ),
    ("unknown_account", "No account has this code.", "このコードの口座はありません。"),
    ("unknown_instrument", "No instrument has this code.", "このコードの銘柄はありません。"),
    ("unknown_asset", "No asset has this code.", "このコードの資産はありません。"),
    (
        "account_suspended",
        "Staff suspended the account: it may cancel, but not order or amend.",
        "口座はスタッフにより停止中です。取消はできますが、新規注文と訂正はできません。",
    ),
    ("account_closed", "The account is closed for good.", "口座は閉鎖されています。"),
    (
        "instrument_halted",
        "Trading in the instrument was halted by staff or by a breaker; orders are taken again after it resumes.",
        "銘柄の売買が停止されています。再開後に受け付けます。",
    ),
    ("instrument_closed", "The instrument is closed to trading.", "銘柄の取引は終了しています。"),
    (
        "invalid_client_order_id",
        "The client order ID is empty, too long or has characters that are not allowed.",
        "顧客注文IDが空、長すぎる、または使えない文字を含んでいます。",
    ),
    (
        "duplicate_client_order_id",
        "The account has used this client order ID before; it answers with the first order.",
        "この口座で使用済みの顧客注文IDです。",
    ),
    (
        "invalid_quantity",
        "The quantity has to be above zero.",
        "数量は正の数でなければなりません。",
    ),
    (
        "off_lot",
        "The quantity has to be a whole multiple of the trading unit.",
        "数量は売買単位の整数倍でなければなりません。",
    ),
    (
        "below_min_quantity",
        "The quantity is below the instrument's smallest order.",
        "数量が銘柄の最小注文数量を下回っています。",
    ),
    (
        "above_max_quantity",
        "The quantity is above the instrument's largest order.",
        "数量が銘柄の最大注文数量を上回っています。",
    ),
    (
        "invalid_price",
        "The price is missing where one is needed, given where none may be, or not above zero.",
        "値段が必要なのに指定がない、不要なのに指定がある、または正の数ではありません。",
    ),
    (
        "off_tick",
        "The price has to be a whole multiple of the tick in force at that price.",
        "値段は、その値段帯の呼値の単位の整数倍でなければなりません。",
    ),
    (
        "price_out_of_limits",
        "The price lies outside the day's limits, which follow from the base price.",
        "値段が、基準値段から定まる当日の制限値幅の外にあります。",
    ),
    (
        "notional_too_large",
        "Price times quantity is larger than the engine can compute safely.",
        "値段と数量の積が計算可能な範囲を超えています。",
    ),
    (
        "invalid_time_in_force",
        "This type of order cannot have this time in force, or the combination contradicts itself.",
        "この注文種別と有効期間の組み合わせは使えません。",
    ),
    (
        "insufficient_funds",
        "The account's available balance does not cover the order with its highest possible fee; what is locked for other orders does not count.",
        "口座の利用可能残高が、最大の手数料を含めた注文の必要額に足りません。他の注文で拘束中の残高は使えません。",
    ),
    (
        "post_only_would_cross",
        "A post-only order may only rest; this one would have traded at once.",
        "メイク専用の注文は板に残る場合のみ有効です。この注文は即時に約定するものでした。",
    ),
    (
        "no_reference_price",
        "A market order needs a price to bound it, and the instrument has none yet.",
        "成行注文の上限を定める基準となる値段が、この銘柄にはまだありません。",
    ),
    (
        "open_order_cap",
        "The account has as many open orders in this instrument as it may have.",
        "この銘柄の未約定注文数が、口座当たりの上限に達しています。",
    ),
    (
        "order_not_found",
        "The account has no order with this number or ID.",
        "この番号またはIDの注文は口座にありません。",
    ),
    (
        "order_not_open",
        "The order is finished: it cannot be cancelled or amended any more.",
        "注文は終了しているため、取消も訂正もできません。",
    ),
    (
        "nothing_to_amend",
        "The amendment changes neither price nor quantity.",
        "値段も数量も変わらない訂正です。",
    ),
    (
        "quantity_increase",
        "The quantity of an order can be lowered, not raised.",
        "注文数量は減らせますが、増やせません。",
    ),
    (
        "quantity_below_filled",
        "The new quantity is not above what has been filled.",
        "新しい数量が約定済みの数量以下です。",
    ),
    (
        "invalid_amount",
        "The amount is zero, negative or too large.",
        "金額がゼロ、負、または過大です。",
    ),
    (
        "amount_overflow",
        "The balance would exceed what the engine can hold.",
        "残高が保持可能な上限を超えます。",
    ),
    (
        "invalid_day",
        "The day has to be later than the present trading day.",
        "日付は現在の立会日より後でなければなりません。",
    ),
    (
        "phase_closed",
        "The market takes no orders in this phase of the day.",
        "この時間帯は注文を受け付けていません。",
    ),
    (
        "invalid_condition",
        "The condition (on open, on close, funari) does not fit the order or the phase.",
        "執行条件（寄付・引け・不成）が注文またはフェーズに合いません。",
    ),
    (
        "over_listed_shares",
        "One order may not be for more than 30% of the listed shares.",
        "一注文の数量は上場株式数の30%を超えられません。",
    ),
    (
        "short_sale_restricted",
        "The short-sale price rule is in force: a short sale may not be at or below the last price.",
        "空売り価格規制の適用中です。直近公表価格以下での空売りはできません。",
    ),
    (
        "invalid_trigger",
        "The trigger is missing, of the wrong side, off the tick, or already met.",
        "発動条件が未指定、方向が逆、呼値の単位に合わない、またはすでに満たされています。",
    ),
    (
        "invalid_expiry",
        "The last day is in the past, too far ahead, or no business day.",
        "有効期限が過去、先すぎる、または営業日ではありません。",
    ),
    (
        "order_kind_halted",
        "Staff halted this kind and side of orders in the instrument.",
        "この銘柄では、この種別・売買の注文がスタッフにより停止されています。",
    ),
    (
        "market_order_in_call",
        "The call auction at hand takes limit orders only.",
        "この板寄せでは指値注文のみ受け付けます。",
    ),
    (
        "risk_order_quantity",
        "One order may not be for more than the risk limit on quantity.",
        "一注文の数量がリスク上限を超えています。",
    ),
    (
        "risk_order_value",
        "One order may not be worth more than the risk limit on value.",
        "一注文の金額がリスク上限を超えています。",
    ),
    (
        "risk_day_value",
        "With this order, what was ordered and traded in the day would exceed the risk limit.",
        "この注文により当日の売買代金がリスク上限を超えます。",
    ),
    (
        "risk_open_orders",
        "The number of open orders would exceed the risk limit.",
        "未約定注文数がリスク上限を超えます。",
    ),
    (
        "risk_position",
        "If filled, the order would take the position beyond the risk limit.",
        "約定すると保有数がリスク上限を超えます。",
    ),
    (
        "risk_price_collar",
        "The price is further from the reference than the risk limit allows.",
        "値段が基準からリスク上限以上に離れています。",
    ),
    (
        "risk_message_rate",
        "More messages arrived in one second than the risk limit allows.",
        "毎秒の注文数がリスク上限を超えています。",
    ),
    (
        "kill_switch",
        "A kill switch is on for the account, its group, the instrument or the venue; the risk page says who threw it and why.",
        "口座、グループ、銘柄または市場全体のキルスイッチが作動中です。実行者と理由はリスクのページにあります。",
    ),
    (
        "odd_lot_unavailable",
        "The desk takes no odd lots in this instrument, or not now.",
        "この銘柄では、または現在、単元未満株を受け付けていません。",
    ),
    (
        "odd_lot_cap",
        "The odd lot is above the desk's cap on quantity or value.",
        "単元未満株の数量または金額が上限を超えています。",
    ),
    (
        "odd_lot_no_quote",
        "The desk deals on the best price, and there is none now.",
        "単元未満株の取引の基準となる気配が現在ありません。",
    ),
    (
        "odd_lot_price",
        "The desk's price is worse than the client's limit.",
        "提示値段が顧客の指値より不利です。",
    ),
    (
        "house_inventory",
        "The house's own account cannot take the other side.",
        "自己勘定が相手方となれません。",
    ),
    (
        "invalid_step",
        "The step is not the next one of the trading day.",
        "立会日の次の段階ではありません。",
    ),
    (
        "invalid_call",
        "A call auction cannot begin in this phase.",
        "このフェーズでは板寄せを開始できません。",
    ),
    (
        "amend_not_allowed",
        "This order cannot be amended in this way; cancel it and send a new one.",
        "この注文はこの方法では訂正できません。取消して新規に発注してください。",
    ),
    (
        "trade_not_found",
        "The correction named a trade that does not exist.",
        "訂正対象の約定が存在しません。",
    ),
    (
        "trade_changed",
        "The trade no longer stands as the correction says: it was corrected or busted in between.",
        "約定の内容が訂正時の想定と異なります。その間に訂正または取消が行われています。",
    ),
    (
        "self_trade",
        "The order met an order of the same account, and its self-trade prevention ended it.",
        "同じ口座の注文と対当したため、自己対当防止により終了しました。",
    ),
    (
        "auction_rest",
        "The order was for one auction only; what it did not trade there ended with it.",
        "特定の板寄せのみの注文のため、約定しなかった残数量は失効しました。",
    ),
    (
        "off_limits",
        "The day's limits changed and the resting order lay outside the new ones.",
        "制限値幅の変更により、注文が新しい値幅の外になりました。",
    ),
    (
        "parent_ended",
        "The order waited for another one, which ended without a fill.",
        "先行注文が約定せずに終了したため、待機していた注文も終了しました。",
    ),
    (
        "trigger_refused",
        "The trigger was met, but the order that it set off was refused.",
        "発動条件は満たされましたが、発動後の注文が受け付けられませんでした。",
    ),
    (
        "circuit_breaker",
        "The circuit breaker stopped the order where its bound was reached.",
        "サーキットブレーカーにより、限度に達した時点で停止しました。",
    ),
    ("filled", "The whole quantity was filled.", "全数量が約定しました。"),
    (
        "cancelled",
        "The client or staff cancelled it; the events below say who.",
        "顧客またはスタッフが取り消しました。下の経緯に実行者があります。",
    ),
    (
        "cancelled_many",
        "It was cancelled together with others: by a mass cancel or a kill switch; the events below say who.",
        "一括取消またはキルスイッチにより他の注文とともに取り消されました。下の経緯に実行者があります。",
    ),
    (
        "immediate_rest",
        "An immediate order trades what it can at once; the rest never enters the book.",
        "即時注文のため、約定しなかった残数量は板に残らず失効しました。",
    ),
    (
        "fill_or_kill",
        "A fill-or-kill order trades whole or not at all, and it could not be filled whole.",
        "全数量を即時に約定できなかったため失効しました。",
    ),
    (
        "expired",
        "The last trading day it was good for ended.",
        "有効な最後の取引日が終了したため失効しました。",
    ),
];

/// The sentence for a code, if there is one.
pub fn explained(lang: Lang, code: &str) -> Option<&'static str> {
    let row = TABLE.iter().find(|(known, _, _)| *known == code)?;
    Some(if lang == Lang::En { row.1 } else { row.2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_and_end_of_the_engine_is_explained() {
        use zaraba_engine::{event::CloseReason, reject::Reject};
        let refusals = Reject::ALL.iter().map(|reject| reject.code());
        for code in refusals.chain(CloseReason::ALL.iter().map(|reason| reason.as_str())) {
            assert!(explained(Lang::En, code).is_some(), "{code} is not explained");
        }
        for (at, (code, en, ja)) in TABLE.iter().enumerate() {
            assert!(en.ends_with('.') && ja.ends_with('。'), "{code}");
            assert!(!TABLE[..at].iter().any(|row| row.0 == *code), "{code} twice");
        }
    }
}
