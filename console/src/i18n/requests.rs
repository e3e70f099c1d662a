//! The texts of requests: messages, and words for kinds, matters, fields, warnings and states.

use super::codes::Word::{self, *};
use super::messages;

messages! { R,
    Requests: "Requests", "申請";
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
    Reason: "Reason", "理由";
    ReasonHint: "Goes into the journal and the audit trail. One line, up to 255 Latin or 85 Japanese characters.", "ジャーナルと監査証跡に記録されます。1行、半角英数字255文字・全角85文字まで。";
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
    HintSign: "A minus sign takes away.", "減らす場合は先頭に「-」を付けます。";
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
    ReasonLong: "The reason is too long: {0} bytes of at most 255 (85 Japanese characters). Shorten it and send again; nothing was done yet.", "理由が長すぎます（{0}バイト、上限は255バイト、全角85文字）。短くしてもう一度送信してください。まだ何も実行していません。";
    ChangedSince: "The effect is not what the form showed. Look at it again; nothing was done yet.", "確認時から内容が変わりました。もう一度確認してください。まだ何も実行していません。";
    ChangedDecide: "The effect is no longer what the maker saw, or changed while you looked. Compare both; nothing was decided yet.", "申請時または表示時から内容が変わっています。両方を比較してください。まだ判断は記録されていません。";
    SawBoth: "I have compared what the maker saw with what will happen now", "申請時の内容と現在の内容を比較しました";
    DuplicateOf: "The same is under way already in request {0}. It has to end first.", "同じ内容の申請 {0} が処理中です。完了してから申請してください。";
    DuplicateHidden: "The same is under way already in another request. It has to end first.", "同じ内容の申請が処理中です。完了してから申請してください。";
    FormReused: "This form was sent before with other values; open a new one.", "このフォームは別の値で送信済みです。新しいフォームを開いてください。";
    FieldMissing: "{0} is needed", "{0}を入力してください";
    FieldUnreadable: "{0} is not written as it has to be: check its length and characters", "{0}の形式が正しくありません。長さと文字の種類を確認してください";
    FieldDecimal: "{0} must be a number such as 1,234.5, with at most 8 decimals", "{0}は1,234.5のような数値で入力してください（小数は8桁まで）";
    FieldWhole: "{0} must be a whole number such as 1,234", "{0}は1,234のような整数で入力してください";
    FieldZero: "{0} must not be zero", "{0}には0以外を入力してください";
    FieldNotPositive: "{0} must be above zero", "{0}には0より大きい値を入力してください";
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
    NotSent: "The backend does not answer. Nothing is on record and nothing was done; what you typed is kept below. Send it again when the backend is back. Tried: {0}", "バックエンドが応答しません。申請は記録されておらず、何も実行していません。入力内容は下に残っています。復旧後にもう一度送信してください。試行先: {0}";
    SendAgain: "Send again", "もう一度送信";
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
    SentBefore: "This form had been sent before; here is what became of it.", "このフォームは送信済みです。以下がその結果です。";
}

/// Words for codes of requests; part of the table in `codes`.
pub(super) const TABLE: &[(Word, &str, &str, &str)] = &[
    (Kind, "deposit", "Deposit", "入金・入庫"),
    (Kind, "withdraw", "Withdrawal", "出金・出庫"),
    (Kind, "adjust", "Balance adjustment", "残高調整"),
    (Kind, "suspend", "Suspend an account", "口座の停止"),
    (Kind, "reactivate", "Reactivate an account", "口座の再開"),
    (Kind, "close_account", "Close an account", "口座の閉鎖"),
    (Kind, "group", "Move an account to a group", "口座グループの変更"),
    (Kind, "revoke_key", "Revoke an API key", "APIキーの失効"),
    (Kind, "halt", "Halt an instrument", "売買停止"),
    (Kind, "resume", "Resume an instrument", "売買再開"),
    (Kind, "price_limits", "Base price and price limits", "基準値段・制限値幅の変更"),
    (Kind, "ticks", "Ticks", "呼値の単位の変更"),
    (Kind, "halts", "Halt order kinds and sides", "注文種別・売買別の停止"),
    (Kind, "call", "Call an auction", "板寄せの開始"),
    (Kind, "breaker", "Circuit breaker terms", "サーキットブレーカーの設定"),
    (Kind, "listed_shares", "Listed shares", "上場株式数の変更"),
    (Kind, "odd_lot_terms", "Odd-lot terms", "単元未満株の取扱条件"),
    (Kind, "risk_limits", "Set risk limits", "リスク上限の設定"),
    (Kind, "correct_trade", "Correct a trade", "約定の訂正"),
    (Kind, "bust_trade", "Bust a trade", "約定の取消"),
    (Kind, "cancel_order", "Cancel an order", "注文の取消"),
    (Kind, "cancel_many", "Cancel many orders", "注文の一括取消"),
    (Kind, "kill_on", "Throw a kill switch", "キルスイッチの作動"),
    (Kind, "kill_off", "Release a kill switch", "キルスイッチの解除"),
    (Kind, "invite", "Invite a person", "担当者の招待"),
    (Kind, "staff_roles", "Change roles", "役割の変更"),
    (Kind, "staff_barriers", "Change information barriers", "情報障壁の変更"),
    (Kind, "staff_suspend", "Suspend a person", "担当者の停止"),
    (Kind, "staff_reactivate", "Let a person back", "担当者の再開"),
    (Kind, "staff_reset", "Reset sign-in", "サインイン方法の初期化"),
    (Label, "login", "Sign-in name", "サインイン名"),
    (Label, "person_name", "Name", "氏名"),
    (Label, "email", "E-mail", "メールアドレス"),
    (Label, "roles", "Roles", "役割"),
    (Label, "hidden_groups", "Hidden account groups", "閲覧できない口座グループ"),
    (Label, "staff_status", "Status", "状態"),
    (Value, "invited", "Invited", "招待中"),
    (Value, "viewer", "Viewer", "閲覧者"),
    (Value, "trader_support", "Trader support", "トレーダーサポート"),
    (Value, "operations", "Operations", "オペレーション"),
    (Value, "risk", "Risk", "リスク管理"),
    (Value, "release", "Release", "リリース担当"),
    (Value, "auditor", "Auditor", "監査"),
    (Value, "administrator", "Administrator", "管理者"),
    (Value, "staff_unknown", "there is nobody of this sign-in name", "該当する担当者がいません"),
    (Value, "staff_exists", "the sign-in name is taken", "サインイン名は使用済みです"),
    (
        Value,
        "staff_state",
        "the person's status does not allow this",
        "現在の状態では実行できません",
    ),
    (
        Value,
        "last_administrator",
        "this is the last active administrator",
        "最後の有効な管理者です",
    ),
    (
        Warning,
        "sessions_end",
        "The person is signed out everywhere.",
        "この担当者のすべてのセッションが終了します。",
    ),
    (
        Warning,
        "invitation_code",
        "Once it is done, make the code on the person's page and hand it over.",
        "実行後、担当者のページでコードを発行し、本人に渡してください。",
    ),
    (
        Warning,
        "keeps_ways",
        "Password and second factors are as they were.",
        "パスワードと二要素認証は以前のままです。",
    ),
    (Kind, "flag", "Set a feature flag", "機能フラグの設定"),
    (Matter, "funds", "Funds", "資金"),
    (Matter, "accounts", "Accounts", "口座"),
    (Matter, "instruments", "Instruments", "銘柄"),
    (Matter, "limits", "Risk limits", "リスク上限"),
    (Matter, "fills", "Fills", "約定"),
    (Matter, "orders", "Orders and kill switches", "注文・キルスイッチ"),
    (Matter, "flags", "Feature flags", "機能フラグ"),
    (Matter, "staff", "Staff", "担当者"),
    (RequestState, "waiting", "Waiting", "承認待ち"),
    (RequestState, "declined", "Declined", "却下"),
    (RequestState, "withdrawn", "Withdrawn", "取り下げ"),
    (RequestState, "expired", "Expired", "期限切れ"),
    (RequestState, "applying", "Being applied", "適用中"),
    (RequestState, "applied", "Applied", "適用済み"),
    (RequestState, "refused", "Refused", "拒否"),
    (Label, "client_order_id", "Client order ID", "顧客注文ID"),
    (Label, "account", "Account", "口座"),
    (Label, "asset", "Asset", "資産"),
    (Label, "amount", "Amount", "金額・数量"),
    (Label, "total", "Balance", "残高"),
    (Label, "locked", "Locked", "拘束中"),
    (Label, "available", "Available", "利用可能"),
    (Label, "account_status", "What the account may do", "口座の状態"),
    (Label, "open_orders", "Open orders", "未約定注文数"),
    (Label, "balances", "Balances", "残高一覧"),
    (Label, "group", "Account group", "口座グループ"),
    (Label, "key", "API key", "APIキー"),
    (Label, "label", "Label", "ラベル"),
    (Label, "key_state", "The key", "キーの状態"),
    (Label, "symbol", "Symbol", "銘柄コード"),
    (Label, "name", "Name", "銘柄名"),
    (Label, "phase", "Phase", "フェーズ"),
    (Label, "seconds", "Seconds of the call", "板寄せ受付の秒数"),
    (Label, "base_price", "Base price", "基準値段"),
    (Label, "limit_down", "Limit down", "ストップ安"),
    (Label, "limit_up", "Limit up", "ストップ高"),
    (Label, "tick_size", "Tick", "呼値の単位"),
    (Label, "tick_table", "Tick table", "呼値の表"),
    (Label, "halts", "Halted orders", "停止する注文"),
    (Label, "call", "Kind of the call", "板寄せの種類"),
    (Label, "mode", "Circuit breaker", "サーキットブレーカー"),
    (Label, "window_seconds", "Window in seconds", "監視時間（秒）"),
    (Label, "trigger_ppm", "Trigger in ppm", "発動幅（ppm）"),
    (Label, "call_seconds", "Call in seconds", "板寄せ受付（秒）"),
    (Label, "bound_ppm", "Bound in ppm", "値幅の限度（ppm）"),
    (Label, "shares", "Listed shares", "上場株式数"),
    (Label, "listed_shares", "Listed shares", "上場株式数"),
    (Label, "batch", "Collected for the next auction", "次の板寄せで一括約定"),
    (Label, "principal", "The house deals itself", "自己勘定で対応"),
    (Label, "spread_ppm", "Spread in ppm", "スプレッド（ppm）"),
    (Label, "max_quantity", "Largest quantity", "最大数量"),
    (Label, "max_value", "Largest value", "最大金額"),
    (Label, "round_to", "Settlements rounded to", "受渡金額の丸め単位"),
    (Label, "of", "Scope", "範囲"),
    (Label, "flag", "Flag", "フラグ"),
    (Label, "product", "Product", "商品"),
    (Label, "level", "Level in the database", "データベースの値"),
    (Label, "level_tse", "Level in the database, Tokyo equities", "データベースの値（東証現物）"),
    (Label, "level_crypto", "Level in the database, crypto assets", "データベースの値（暗号資産）"),
    (Label, "meaning", "Switches", "対象機能"),
    (Value, "tse", "Tokyo equities", "東証現物"),
    (Value, "crypto", "Crypto assets", "暗号資産"),
    (Value, "all", "All products", "全商品"),
    (Value, "on", "On", "オン"),
    (Value, "off", "Off", "オフ"),
    (Value, "unset", "Not set", "未設定"),
    (
        Warning,
        "flag_outweighed",
        "The file or the environment outweighs the database for {0}: no effect until it is taken out there",
        "{0}では設定ファイルまたは環境変数が優先されるため、そちらを外すまで効果がありません",
    ),
    (Label, "scope", "Which one", "範囲の対象"),
    (Label, "currency", "Currency", "通貨"),
    (
        Label,
        "order_quantity_soft",
        "Order quantity in smallest units, warning",
        "注文数量・最小単位（警告）",
    ),
    (
        Label,
        "order_quantity_hard",
        "Order quantity in smallest units, limit",
        "注文数量・最小単位（上限）",
    ),
    (Label, "order_value_soft", "Order value, warning", "注文金額（警告）"),
    (Label, "order_value_hard", "Order value, limit", "注文金額（上限）"),
    (Label, "day_value_soft", "Value in one day, warning", "当日売買代金（警告）"),
    (Label, "day_value_hard", "Value in one day, limit", "当日売買代金（上限）"),
    (Label, "open_orders_soft", "Open orders, warning", "未約定注文数（警告）"),
    (Label, "open_orders_hard", "Open orders, limit", "未約定注文数（上限）"),
    (Label, "position_soft", "Position in smallest units, warning", "保有数・最小単位（警告）"),
    (Label, "position_hard", "Position in smallest units, limit", "保有数・最小単位（上限）"),
    (Label, "price_collar_soft", "Price away in ppm, warning", "値段乖離ppm（警告）"),
    (Label, "price_collar_hard", "Price away in ppm, limit", "値段乖離ppm（上限）"),
    (Label, "message_rate_soft", "Messages per second, warning", "毎秒の注文数（警告）"),
    (Label, "message_rate_hard", "Messages per second, limit", "毎秒の注文数（上限）"),
    (Label, "trade", "Trade", "取引番号"),
    (Label, "time", "Time", "時刻"),
    (Label, "buyer", "Buyer", "買方"),
    (Label, "seller", "Seller", "売方"),
    (Label, "buyer_fee", "Fee of the buyer", "買方の手数料"),
    (Label, "seller_fee", "Fee of the seller", "売方の手数料"),
    (Label, "price", "Price", "値段"),
    (Label, "quantity", "Quantity", "数量"),
    (Label, "corrections", "Corrections so far", "これまでの訂正"),
    (Label, "correction", "Correction", "訂正番号"),
    (Label, "actor", "Asked by", "申請者"),
    (Label, "approver", "Approved by", "承認者"),
    (Label, "why", "Reason", "理由"),
    (Label, "order", "Order", "注文番号"),
    (Label, "side", "Side", "売買"),
    (Label, "status", "State", "状態"),
    (Label, "remaining", "Still open", "残数量"),
    (Label, "session", "Session (API key)", "セッション（APIキー）"),
    (Label, "everything", "Every open order of the venue", "全ての未約定注文"),
    (Label, "or_better", "At this price or better", "この値段またはより有利な値段"),
    (Label, "accounts", "Accounts", "口座数"),
    (Label, "by_instrument", "By instrument", "銘柄別"),
    (Label, "buy_quantity", "Buys", "買数量"),
    (Label, "sell_quantity", "Sells", "売数量"),
    (Label, "notional", "Value", "金額"),
    (Label, "cancelled", "Orders cancelled", "取消した注文数"),
    (Label, "switch", "Kill switch", "キルスイッチ"),
    (Value, "yes", "yes", "はい"),
    (Value, "no", "no", "いいえ"),
    (Value, "active", "Active", "有効"),
    (Value, "suspended", "Suspended", "停止中"),
    (Value, "closed", "Closed", "閉鎖・終了"),
    (Value, "usable", "Can be used", "使用可能"),
    (Value, "revoked", "Revoked", "失効"),
    (Value, "by_its_rules", "Open by the market's rules", "市場規則に従い再開"),
    (Value, "tse_topix500", "Tokyo, TOPIX 500", "東証 TOPIX500"),
    (Value, "tse_other", "Tokyo, others", "東証 その他"),
    (Value, "full_range", "Full range", "全価格帯"),
    (Value, "resumption", "Resumption", "売買再開"),
    (Value, "listing", "Listing", "新規上場"),
    (Value, "none", "None", "なし"),
    (Value, "circuit_break", "Circuit break", "サーキットブレーク"),
    (Value, "account", "An account", "口座"),
    (Value, "members", "Each account of a group", "グループの各口座"),
    (Value, "group", "A group as a whole", "グループ全体"),
    (Value, "instrument", "An instrument", "銘柄"),
    (Value, "session", "A session (API key)", "セッション（APIキー）"),
    (Value, "venue", "The whole venue", "市場全体"),
    (Value, "thrown", "Thrown", "作動中"),
    (Value, "released", "Released", "解除"),
    (Value, "no_change", "it is so already", "すでにその状態です"),
    (
        Value,
        "maker_may_not",
        "who asked may not ask for it any more",
        "申請者に申請権限がなくなっています",
    ),
    (
        Value,
        "unknown_key",
        "the account has no such key that can be used",
        "使用可能な該当キーがありません",
    ),
    (
        Value,
        "invalid_value",
        "a number has too many decimals or is out of range",
        "数値の小数桁数または範囲が不正です",
    ),
    (Value, "not_found", "the backend does not know it", "バックエンドに存在しません"),
    (Value, "trade_changed", "the trade was corrected meanwhile", "約定がその間に訂正されています"),
    (Value, "request_id_reused", "the request ID was used before", "申請IDが使用済みです"),
    (Value, "same_person", "maker and checker are the same person", "申請者と承認者が同一です"),
    (
        Warning,
        "orders_stay",
        "Open orders stay; cancel them as well if they should go.",
        "未約定注文は残ります。必要であれば別途取り消してください。",
    ),
    (Warning, "balances_stay", "The account still holds something.", "口座に残高があります。"),
    (
        Warning,
        "barriers_move",
        "Information barriers go by group: who may see the account changes.",
        "情報障壁はグループ単位です。この口座を閲覧できる人が変わります。",
    ),
    (
        Warning,
        "key_for_good",
        "A revoked key cannot be brought back.",
        "失効したキーは元に戻せません。",
    ),
    (
        Warning,
        "auction_by_rules",
        "Trading resumes through an auction, as the market's rules have it.",
        "市場規則に従い、板寄せを経て売買を再開します。",
    ),
    (
        Warning,
        "no_call_in_sessions",
        "This market resumes by its own rules; leave the seconds out.",
        "この市場は自らの規則で再開します。秒数は空欄にしてください。",
    ),
    (
        Warning,
        "auction_after_call",
        "Orders gather for {0} seconds; then an auction opens trading.",
        "{0}秒間の注文受付後、板寄せで売買を開始します。",
    ),
    (
        Warning,
        "no_auction",
        "Trading resumes at once, without an auction.",
        "板寄せを行わず、直ちに売買を再開します。",
    ),
    (Warning, "no_limits", "There will be no price limits.", "制限値幅がなくなります。"),
    (
        Warning,
        "orders_beyond_limits",
        "Open orders beyond the new limits are cancelled.",
        "新しい制限値幅の外にある未約定注文は取り消されます。",
    ),
    (
        Warning,
        "orders_off_tick",
        "Open orders keep their prices.",
        "未約定注文の値段は変わりません。",
    ),
    (
        Warning,
        "no_risk_limits",
        "There will be no limits of this scope's own.",
        "この範囲に固有の上限がなくなります。",
    ),
    (
        Warning,
        "more_than_counted",
        "There are more orders than were counted; the figures are lower bounds.",
        "集計の上限を超えています。表示は下限値です。",
    ),
    (
        Warning,
        "everything",
        "This cancels every open order of everyone.",
        "全員の全ての未約定注文を取り消します。",
    ),
    (
        Warning,
        "orders_again",
        "Orders of this scope are taken again at once.",
        "この範囲の注文受付を直ちに再開します。",
    ),
];
