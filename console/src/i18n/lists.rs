//! Messages that the lists and objects of the back office share: the menu, filters, files,
//! fills, accounts and their ledger.

use super::messages;

messages! { L,
    // Menu
    Fills: "Fills", "約定";
    Accounts: "Accounts", "口座";
    Instruments: "Instruments", "銘柄";
    Risk: "Risk", "リスク";
    Requests: "Requests", "申請";
    Audit: "Audit", "監査";
    Flags: "Flags", "機能フラグ";
    Staff: "Staff", "スタッフ";
    GoTo: "go to {0}", "{0}へ移動";

    // Lists
    Rows: "{0} rows on this page", "このページの件数: {0}";
    OfThisPage: "Of this page", "このページの合計";
    Bought: "Bought", "買付";
    Sold: "Sold", "売却";
    Fees: "Fees", "手数料";
    FilterAndTime: "Filter: {0} · printed {1}", "条件: {0} · 印刷 {1}";
    NoFilter: "none", "なし";
    By: "By", "実行者";
    Approver: "Approved by", "承認者";
    Why: "Reason given", "指定された理由";
    Actions: "Actions", "操作";
    Link: "Open", "開く";

    Group: "Group", "口座グループ";
    ReasonCode: "Reason code", "理由コード";

    ActionDone: "Action", "操作";
    Outcome: "Outcome", "結果";
    NoActions: "Nobody has acted on it yet. What staff do appears here with both people and the reason.", "スタッフによる操作はまだありません。行われると、担当者・承認者・理由とともに表示されます。";

    // Order
    WhyRefused: "Why", "理由の説明";
    UpDay: "End of its day", "当日限りで失効";
    UpSetOff: "End of the day it was set off", "発動当日限りで失効";
    UpLast: "End of its last day, {0}", "有効期限（{0}）の終了";
    WhyUpDay: "It was good for one trading day, and that day ended.", "当日限りの注文で、その取引日が終了したため失効しました。";
    WhyUpSetOff: "It was set off as a market order, which rests for that trading day only, and the day ended.", "発動して成行注文となり、成行注文は当日限りのため、その取引日の終了とともに失効しました。";
    WhyUpLast: "It was good until {0}, and that trading day ended.", "有効期限の{0}の取引日が終了したため失効しました。";
    LedgerOfOrder: "Ledger entries of its trades", "この注文の約定による元帳記入";
    NoLedgerOfOrder: "No ledger entry yet. What its trades move appears here.", "元帳の記入はまだありません。約定による増減が表示されます。";

    // Search
    MoreThanShown: "Only the first {0} are shown.", "先頭の{0}件のみ表示しています。";
    NothingLike: "Nothing found. Looked for: whole order numbers and client order IDs, beginnings of account codes, instruments by code or name, request numbers, staff by sign-in name.", "見つかりませんでした。注文番号・顧客注文ID（全体一致）、口座コード（前方一致）、銘柄コード・銘柄名、申請番号、スタッフのサインイン名を検索します。";

    // Overview
    WaitingForMe: "Requests waiting for me", "自分の承認待ち";
    NothingWaits: "Nothing waits for you.", "承認待ちの申請はありません。";
    SeeWaiting: "{0} waiting: open the list", "{0}件：一覧を開く";
    Stopped: "Stopped now", "停止中のもの";
    NothingStopped: "No kill switch is on and nothing is halted.", "作動中のキルスイッチ・売買停止はありません。";
    RecentActions: "Latest actions by staff", "スタッフによる最近の操作";
    NextMoments: "Clock to the next phase", "次のフェーズまでの時刻";

    // Fills
    FillOf: "Trade {0}", "取引 {0}";
    NoFills: "No fill matches. Fills appear here a moment after they happen; widen the filter to see more.", "該当する約定はありません。約定の直後に表示されます。条件を緩めると他の約定が表示されます。";
    Order: "Order", "注文";
    BothSides: "Sides of the trade", "取引の両側";
    LedgerOfTrade: "Ledger entries of the trade", "この取引の元帳記入";
    NoLedgerOfTrade: "No ledger entry yet. What the trade moves appears here as it is projected.", "元帳の記入はまだありません。投影されると表示されます。";
    Corrections: "Corrections", "訂正の履歴";
    NoCorrections: "Never corrected. A correction or bust appears here with both people and the reason.", "訂正はありません。訂正や取消が行われると、担当者と承認者、理由とともに表示されます。";
    Corrected: "Corrected", "訂正済";
    Busted: "Busted", "取消済";
    CorrectedTo: "Corrected: {0} at {1}", "訂正済: 数量{0}、値段{1}";
    BustedNow: "Busted: taken back whole", "取消済: 全部取り消し";
    BustedAlready: "This trade was taken back whole, so there is nothing left to bust. A correction that gives a quantity puts it back.", "この取引は全部取り消されているため、再度の取消はできません。数量を指定した訂正で元に戻せます。";
    Correction: "No.", "番号";
    Corrects: "Corrects", "訂正対象";
    TheTrade: "the trade as made", "当初の約定";
    Before: "Before", "変更前";
    After: "After", "変更後";
    HiddenSide: "Who corrected it, and why, is shown to those who may see both sides.", "訂正の担当者と理由は、取引の両側を参照できる人に表示されます。";
    Request: "Request", "申請";
    Today: "Today", "本日";
}
