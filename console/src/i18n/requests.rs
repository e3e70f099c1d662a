//! The texts of requests: messages, and words for kinds, matters, fields, warnings and states.

use super::codes::Word::{self, *};
use super::messages;

messages! { R,
    Requests: "Requests", "申請";
    KeyRequests: "go to the requests", "申請へ移動";
    WaitingForMe: "Waiting for me", "自分の承認待ち";
    WaitingCount: "{0} requests wait for you", "承認待ちの申請が{0}件あります";
    Mine: "Mine", "自分の申請";
    AllRequests: "All", "すべて";
    NewRequest: "New request", "新規申請";
    NumberShort: "No.", "番号";
    RequestNumber: "Request {0}", "申請 {0}";
    KindOf: "Action", "操作";
    MatterOf: "Matter", "区分";
    Target: "What it acts on", "対象";
    State: "State", "状態";
    Maker: "Asked by", "申請者";
    MadeAt: "Asked at", "申請時刻";
    Checker: "Decided by", "承認者";
    DecidedAt: "Decided at", "判断時刻";
    ExpiresAt: "Expires", "期限";
    FinishedAt: "Finished", "完了時刻";
    Reason: "Reason", "理由";
    ReasonHint: "Goes into the journal and the audit trail.", "ジャーナルと監査証跡に記録されます。";
    DecisionReason: "Reason of the decision", "判断の理由";
    NoneWaiting: "Nothing waits for you. Requests of others that you may approve appear here.", "承認待ちの申請はありません。あなたが承認できる他の人の申請がここに表示されます。";
    NoneMine: "You have not asked for anything yet. What you ask for or do at once appears here.", "あなたの申請はまだありません。申請または即時操作を行うと、ここに表示されます。";
    NoneMatch: "No request matches. Requests appear here as soon as someone makes one; widen the filter to see more.", "該当する申請はありません。申請が行われるとここに表示されます。条件を緩めると他の申請が表示されます。";
    Older: "Older", "以前の申請";
    Newest: "Newest", "最新";
    ChooseKind: "What do you want to have done?", "実行する操作を選んでください";
    TwoPeople: "needs a second person", "承認が必要";
    AtOnce: "at once, recorded", "即時実行（記録されます）";
    NothingToAsk: "Your roles include no action that could be asked for.", "あなたの役割で申請できる操作はありません。";
    ShowEffect: "Show what will happen", "実行内容を確認";
    Effect: "What will happen", "実行内容";
    EffectThen: "As the maker saw it", "申請者が確認した内容";
    EffectAtDecision: "As the checker saw it", "承認者が確認した内容";
    EffectNow: "As it is now", "現在の内容";
    Item: "Item", "項目";
    Before: "Now", "現在";
    After: "Then", "実行後";
    CannotNow: "It cannot be done: {0}", "実行できません: {0}";
    SubmitTwo: "Request", "申請する";
    SubmitAtOnce: "Do it now", "実行する";
    TypeWord: "This cannot be undone. Type {0} to confirm.", "取り消せません。確認のため {0} と入力してください。";
    WordMissing: "Type {0} to confirm; nothing was done.", "確認のため {0} と入力してください。まだ何も実行していません。";
    ReasonMissing: "A reason is needed: up to 255 bytes (85 Japanese characters), one line. Nothing was done.", "理由を1行で入力してください（255バイト、全角85文字まで）。まだ何も実行していません。";
    ChangedSince: "The effect is not what the form showed. Look at it again; nothing was done yet.", "確認時から内容が変わりました。もう一度確認してください。まだ何も実行していません。";
    ChangedDecide: "The effect is no longer what the maker saw, or changed while you looked. Compare both; nothing was decided yet.", "申請時または表示時から内容が変わっています。両方を比較してください。まだ判断は記録されていません。";
    SawBoth: "I have compared what the maker saw with what will happen now", "申請時の内容と現在の内容を比較しました";
    DuplicateOf: "The same is under way already in request {0}. It has to end first.", "同じ内容の申請 {0} が処理中です。完了してから申請してください。";
    DuplicateHidden: "The same is under way already in another request. It has to end first.", "同じ内容の申請が処理中です。完了してから申請してください。";
    FormReused: "This form was sent before with other values; open a new one.", "このフォームは別の値で送信済みです。新しいフォームを開いてください。";
    FieldMissing: "{0} is needed", "{0}を入力してください";
    FieldUnreadable: "{0} cannot be read as such", "{0}の形式が正しくありません";
    FieldRange: "{0} must be from {1} to {2}", "{0}は{1}から{2}までです";
    FieldUnknown: "{0} has a value that does not exist", "{0}の値が存在しません";
    FieldConflict: "{0} does not go with the other fields", "{0}は他の項目と組み合わせられません";
    Approve: "Approve", "承認する";
    Decline: "Decline", "却下する";
    Withdraw: "Withdraw", "取り下げる";
    Decide: "Decision", "判断";
    OwnRequest: "This is your own request: someone else has to decide it.", "自分の申請は承認できません。他の人の判断が必要です。";
    NotYours: "Your roles do not include deciding this.", "あなたの役割ではこの申請を判断できません。";
    Gone: "The request does not wait any more: it was decided, withdrawn or expired meanwhile. What you sent was not recorded.", "この申請はすでに判断・取り下げ・期限切れのいずれかになっています。送信内容は記録されていません。";
    RefusedNow: "It can no longer be done ({0}), so the request was refused.", "現在は実行できないため（{0}）、申請は拒否されました。";
    BackendAwayNow: "The backend does not answer, so the effect cannot be looked at now. Nothing was done or decided. Tried: {0}", "バックエンドが応答しないため、実行内容を確認できません。何も実行・判断していません。試行先: {0}";
    Timeline: "What happened", "経緯";
    When: "When", "時刻";
    What: "What", "出来事";
    Who: "Who", "実行者";
    Note: "Note", "内容";
    WasAsked: "Asked for", "申請";
    WasDone: "Ordered", "実行指示";
    WasApproved: "Approved", "承認";
    WasDeclined: "Declined", "却下";
    WasWithdrawn: "Withdrawn", "取り下げ";
    WasExpired: "Expired", "期限切れ";
    WasApplied: "Applied", "適用完了";
    WasRefused: "Refused", "拒否";
    Outcome: "Outcome", "結果";
    StillApplying: "Being applied since {0} ({1} attempts). It will be applied once.", "{0}から適用中（試行{1}回）。一度だけ適用されます。";
    LastProblem: "Last problem: {0}", "直近の問題: {0}";
    AppliedAt: "Applied once, journal sequence {0}.", "一度だけ適用しました（ジャーナル連番{0}）。";
    AppliedPlain: "Applied once.", "一度だけ適用しました。";
    RefusedWhy: "Refused, nothing changed: {0}", "拒否されました（変更なし）: {0}";
    RefusedAtApproval: "Refused when it was to be approved, because it could no longer be done: {0}", "承認時に実行できなくなっていたため拒否されました: {0}";
    WaitsFor: "Waits for a second person until {0}.", "{0}まで承認を待っています。";
    NothingHappened: "Nothing was changed.", "変更はありません。";
    System: "the console", "コンソール";
    RequestIdOf: "Request ID", "申請ID";
    AskAgain: "Ask for the same again", "同じ内容で新規申請";
    OpenObject: "Open", "開く";
    SentBefore: "This form had been sent before; here is what became of it.", "このフォームは送信済みです。以下がその結果です。";
    NoEffect: "Nothing would change.", "変更される項目はありません。";
}

/// Words for codes of requests; part of the table in `codes`.
pub(super) const TABLE: &[(Word, &str, &str, &str)] = &[
    (Kind, "deposit", "Deposit", "入金・入庫"),
    (Kind, "withdraw", "Withdrawal", "出金・出庫"),
    (Kind, "adjust", "Balance adjustment", "残高調整"),
    (Matter, "funds", "Funds", "資金"),
    (Matter, "accounts", "Accounts", "口座"),
    (Matter, "instruments", "Instruments", "銘柄"),
    (Matter, "limits", "Risk limits", "リスク上限"),
    (Matter, "fills", "Fills", "約定"),
    (Matter, "orders", "Orders and kill switches", "注文・緊急停止"),
    (Matter, "flags", "Feature flags", "機能フラグ"),
    (Matter, "staff", "Staff", "担当者"),
    (RequestState, "waiting", "Waiting", "承認待ち"),
    (RequestState, "declined", "Declined", "却下"),
    (RequestState, "withdrawn", "Withdrawn", "取り下げ"),
    (RequestState, "expired", "Expired", "期限切れ"),
    (RequestState, "applying", "Being applied", "適用中"),
    (RequestState, "applied", "Applied", "適用済み"),
    (RequestState, "refused", "Refused", "拒否"),
    (Label, "account", "Account", "口座"),
    (Label, "asset", "Asset", "資産"),
    (Label, "amount", "Amount", "金額・数量"),
    (Label, "total", "Balance", "残高"),
    (Label, "locked", "Locked", "拘束中"),
    (Label, "available", "Available", "利用可能"),
    (Value, "yes", "yes", "はい"),
    (Value, "no", "no", "いいえ"),
];
