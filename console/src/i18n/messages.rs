//! The messages: one line each, English and Japanese.

macro_rules! messages {
    ($($name:ident: $en:literal, $ja:literal;)*) => {
        /// A message. What it says is in the table of this module.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum M { $($name),* }

        impl M {
            /// Every message there is.
            #[cfg(test)]
            pub(crate) const ALL: &'static [M] = &[$(M::$name),*];

            /// English and Japanese.
            pub(super) fn texts(self) -> (&'static str, &'static str) {
                match self { $(M::$name => ($en, $ja)),* }
            }
        }
    };
}

messages! {
    // The frame
    Console: "Console", "コンソール";
    SkipToContent: "Skip to content", "本文へ移動";
    MainMenu: "Main menu", "メインメニュー";
    Overview: "Overview", "概況";
    Books: "Order books", "板情報";
    Orders: "Orders", "注文";
    Preferences: "Preferences", "個人設定";
    SignOut: "Sign out", "サインアウト";
    SignIn: "Sign in", "サインイン";
    Licences: "Licences", "ライセンス";
    Search: "Search", "検索";
    SearchHint: "Order, client order ID, account, symbol", "注文番号・顧客注文ID・口座・銘柄";
    Keys: "Keyboard", "キーボード操作";
    Close: "Close", "閉じる";
    KeySearch: "search", "検索";
    KeyOverview: "go to the overview", "概況へ移動";
    KeyBooks: "go to the order books", "板情報へ移動";
    KeyOrders: "go to the orders", "注文へ移動";
    KeyPreferences: "go to the preferences", "個人設定へ移動";
    KeyRows: "next and previous row", "次の行・前の行";
    KeyOpen: "open the row", "行を開く";
    KeyHelp: "show these keys", "この一覧を表示";
    TimesIn: "Times in {0}", "時刻は{0}";

    // Live mark
    Live: "Live", "ライブ";
    StaleSince: "Stale since {0}", "{0}から更新停止";
    AsOf: "As of {0}", "{0}時点";
    NeverSeen: "No data from the backend yet", "バックエンドからデータ未受信";
    SignedOutMark: "Signed out", "サインアウト済み";

    // Sign-in
    Login: "Sign-in name", "サインイン名";
    Password: "Password", "パスワード";
    WrongPassword: "The sign-in name or the password is wrong.", "サインイン名またはパスワードが違います。";
    TooManyFailures: "Too many failed sign-ins from this address. Wait {0} minutes, then try again.", "このアドレスからのサインイン失敗が多すぎます。{0}分待ってからやり直してください。";
    SignInBusy: "Many people are signing in. Try again in a few seconds.", "サインインが混み合っています。数秒後にやり直してください。";
    SessionEnded: "You were signed out, or have not signed in yet.", "サインアウトされたか、まだサインインしていません。";
    SignedOut: "You are signed out.", "サインアウトしました。";

    // Preferences
    Language: "Language", "言語";
    Japanese: "日本語", "日本語";
    English: "English", "English";
    Theme: "Theme", "配色";
    ThemeAuto: "As the device says", "端末の設定に従う";
    ThemeLight: "Light", "ライト";
    ThemeDark: "Dark", "ダーク";
    RiseFall: "Rise and fall", "騰落の色";
    RiseRed: "Rise red, fall green", "上昇は赤、下落は緑";
    RiseGreen: "Rise green, fall red", "上昇は緑、下落は赤";
    Zone: "Time zone", "タイムゾーン";
    Shortcuts: "Single-key shortcuts", "一文字のショートカットキー";
    On: "On", "オン";
    Off: "Off", "オフ";
    Save: "Save", "保存";
    Saved: "Saved.", "保存しました。";
    InvalidForm: "The form has a value that is not possible: {0}", "入力できない値があります: {0}";
    SignedInAs: "Signed in as", "サインイン中";
    Roles: "Roles", "役割";

    // Overview
    MarketPhases: "Market phases", "市場の状態";
    Profile: "Market", "市場";
    Phase: "Phase", "フェーズ";
    Instruments: "Instruments", "銘柄数";
    Activity: "Activity", "稼働状況";
    OrdersPerSecond: "Orders per second", "注文数/秒";
    OrdersTotal: "Orders in all", "累計注文数";
    TradesTotal: "Trades in all", "累計約定数";
    AckP50: "Acknowledgement p50", "受付応答 p50";
    AckP99: "Acknowledgement p99", "受付応答 p99";
    QueueDepth: "Commands waiting", "処理待ちコマンド";
    StreamClients: "Stream clients", "ストリーム接続数";
    JournalAndProjections: "Journal and projections", "ジャーナルと投影";
    JournalSeq: "Journal sequence", "ジャーナル連番";
    DurableSeq: "Durable sequence", "永続化済み連番";
    ProjectedSeq: "Projected sequence", "投影済み連番";
    ProjectionLag: "Projection lag (commands)", "投影の遅れ（コマンド数）";
    Health: "Health", "健全性";
    Backend: "Backend", "バックエンド";
    Journal: "Journal", "ジャーナル";
    Postgres: "Postgres", "Postgres";
    Ok: "OK", "正常";
    Failing: "Failing", "異常";
    Away: "Away", "応答なし";
    JournalStopped: "The journal stopped; nothing is acknowledged: {0}", "ジャーナルが停止し、受付を行っていません: {0}";
    StartedAt: "Started", "起動時刻";
    Uptime: "Up for", "連続稼働";
    RejectsByCode: "Rejects by code, since start", "拒否理由別件数（起動後）";
    NoRejects: "No order was rejected since the backend started. Rejects appear here by reason.", "バックエンド起動後に拒否された注文はありません。拒否があれば理由別に表示されます。";
    NoPhases: "No instrument yet. Markets appear here once instruments are defined.", "銘柄がまだありません。銘柄を登録すると市場ごとに表示されます。";
    Code: "Code", "コード";
    Meaning: "Meaning", "意味";
    Count: "Count", "件数";

    // Order books
    Symbol: "Symbol", "銘柄コード";
    Name: "Name", "銘柄名";
    Last: "Last", "現在値";
    Change: "Change", "前日比";
    ChangePercent: "Change %", "騰落率";
    Volume: "Volume", "出来高";
    BestBid: "Best bid", "最良買気配";
    BestAsk: "Best ask", "最良売気配";
    Open: "Open", "始値";
    High: "High", "高値";
    Low: "Low", "安値";
    CloseP: "Close", "終値";
    AllMarkets: "All markets", "全市場";
    Filter: "Filter", "絞り込み";
    Apply: "Apply", "適用";
    Clear: "Clear", "解除";
    NoInstruments: "No instrument matches. Instruments appear here as soon as they are defined in the backend.", "該当する銘柄はありません。バックエンドに銘柄が登録されると表示されます。";
    Ladder: "Ladder", "板";
    MarketOrders: "Market", "成行";
    Condition: "Condition", "執行条件";
    TriggerPrice: "Trigger", "発動条件";
    StopHalf: "OCO stop", "OCO逆指値";
    LastDay: "Last day", "有効期限";
    SelfTrade: "Self-trade prevention", "自己対当防止";
    ShortSale: "Short sale", "空売り";
    OddLot: "Odd lot", "単元未満";
    FirstOrder: "First order", "一次注文";
    NextOrder: "Follows when done", "二次注文";
    Prevented: "Prevented", "自己対当防止で失効";
    NextPhaseIn: "Next phase", "次のフェーズまで";
    QuoteUntil: "renewed or ends in", "更新・終了まで";
    Indicative: "Indicative", "予想約定値段";
    IndicativeNone: "no price in range", "値付かず";
    IndicativeQuantity: "Quantity", "予想数量";
    Surplus: "Imbalance", "差引";
    LastAuction: "Last auction", "直近の板寄せ";
    Halts: "Halted orders", "停止中の注文";
    NoHalts: "none", "なし";
    HaltReason: "Reason", "理由";
    ShortSaleRule: "Short-sale price rule", "空売り価格規制";
    InForce: "In force", "適用中";
    NotInForce: "Not in force", "適用なし";
    KillSwitch: "Kill switch", "キルスイッチ";
    AskQuantity: "Ask quantity", "売数量";
    BidQuantity: "Bid quantity", "買数量";
    Price: "Price", "値段";
    Depth: "Depth", "厚み";
    EmptyBook: "No resting order. Bids and asks appear here as orders rest.", "板に注文がありません。注文が入ると気配が表示されます。";
    Spread: "Spread", "スプレッド";
    Trades: "Trades", "歩み値";
    NoTrades: "No trade yet. Each trade appears here at once.", "約定はまだありません。約定するとすぐに表示されます。";
    Candles: "Candles", "ローソク足";
    CandleTable: "Candles as a table", "ローソク足の表";
    NoCandles: "No candle in this interval yet. The first trade makes one.", "この足のデータはまだありません。最初の約定で作成されます。";
    Interval: "Interval", "足";
    Limits: "Limits and rules", "制限と売買規則";
    LimitUp: "Limit up", "ストップ高";
    LimitDown: "Limit down", "ストップ安";
    BasePrice: "Base price", "基準値段";
    Tick: "Tick", "呼値の単位";
    Lot: "Trading unit", "売買単位";
    MinQuantity: "Smallest order", "最小注文数量";
    MaxQuantity: "Largest order", "最大注文数量";
    BaseAsset: "Base asset", "基軸資産";
    QuoteAsset: "Quote asset", "決済資産";
    NoLimit: "none", "なし";
    TickTable: "by price table", "値段帯による";
    Time: "Time", "時刻";
    Quantity: "Quantity", "数量";
    Side: "Side", "売買";
    OrdersOfInstrument: "Orders in this instrument", "この銘柄の注文";
    ChartBy: "Charts by {0}", "チャート: {0}";
    Seq: "Sequence", "連番";
    Halted: "Halted", "売買停止";

    // Orders
    OrderId: "Order", "注文番号";
    ClientOrderId: "Client order ID", "顧客注文ID";
    Account: "Account", "口座";
    Type: "Type", "種別";
    TimeInForce: "Time in force", "有効期間";
    Filled: "Filled", "約定数量";
    Remaining: "Remaining", "残数量";
    AveragePrice: "Average price", "平均約定値段";
    State: "State", "状態";
    Reason: "Reason", "理由";
    CreatedAt: "Received", "受付時刻";
    UpdatedAt: "Last change", "最終更新";
    Via: "Via", "経路";
    ApiKey: "API key", "APIキー";
    From: "From", "開始";
    To: "To", "終了";
    Any: "Any", "すべて";
    Live2: "Working (open or partly filled)", "有効（未約定・一部約定）";
    NewestFirst: "Newest first", "新しい順";
    NextPage: "Older", "以前の注文";
    FirstPage: "Newest", "最新";
    DownloadCsv: "CSV of all matches", "該当全件のCSV";
    NoOrders: "No order matches. Orders appear here a moment after they are accepted or rejected; widen the filter to see more.", "該当する注文はありません。受付または拒否の直後に表示されます。条件を緩めると他の注文が表示されます。";
    ShowingProjection: "History up to sequence {0} ({1})", "履歴は連番{0}まで反映（{1}）";
    BackendAt: "backend at {0}, lag {1}", "バックエンドは{0}、{1}件遅れ";
    BackendAtUnknown: "backend away, lag unknown", "バックエンド応答なし、遅れ不明";
    NothingProjected: "Nothing projected yet", "投影はまだありません";
    BadFilter: "This filter cannot be used: {0}", "使えない条件です: {0}";
    CsvCut: "cut after {0} rows", "{0}行で打ち切り";
    Events: "What happened", "経緯";
    Event: "Event", "出来事";
    Fills: "Fills", "約定";
    FillId: "Fill", "約定番号";
    TradeId: "Trade", "取引番号";
    Fee: "Fee", "手数料";
    Liquidity: "Liquidity", "流動性";
    OtherOrder: "Other side", "相手注文";
    NoFills: "No fill yet. Fills of this order appear here.", "約定はまだありません。この注文の約定が表示されます。";
    TooManyEvents: "Only the first {0} are shown.", "先頭の{0}件のみ表示しています。";
    PostOnly: "Post-only", "メイク専用";
    Market: "market", "成行";
    OrderOf: "Order {0}", "注文 {0}";
    OpenBook: "Order book", "板を開く";
    Notional: "Notional", "約定代金";
    Yes: "yes", "はい";
    No: "no", "いいえ";

    // Search
    SearchResults: "Search: {0}", "検索: {0}";
    NothingFound: "Nothing found. Whole order numbers, client order IDs, account codes and symbols are looked up.", "見つかりませんでした。注文番号、顧客注文ID、口座コード、銘柄コードの全体一致で検索します。";
    Kind: "Kind", "種類";

    // Errors
    NotFoundTitle: "There is nothing at this address", "このアドレスには何もありません";
    NotFoundText: "The object may be too new to be in the history, or the address is mistyped.", "まだ履歴に反映されていないか、アドレスが間違っている可能性があります。";
    ForbiddenTitle: "Not allowed", "許可されていません";
    ForbiddenText: "Your roles do not include this. An administrator can grant it.", "あなたの役割では利用できません。管理者に依頼してください。";
    CrossSiteText: "The form was not sent from this console's own pages, or was opened before you signed in. Go back, reload the page and send it again.", "このコンソールの画面から送信されていないか、サインイン前に開かれたフォームです。戻って再読み込みし、もう一度送信してください。";
    BadRequestTitle: "This request cannot be used", "この要求は処理できません";
    BackendAwayTitle: "The backend does not answer", "バックエンドが応答しません";
    BackendAwayText: "Live data is not available now; history is. The page comes back by itself when the backend answers. Tried: {0}", "現在ライブデータを取得できません（履歴は閲覧できます）。バックエンドが応答すれば自動的に復旧します。試行先: {0}";
    DatabaseAwayTitle: "The database does not answer", "データベースが応答しません";
    DatabaseAwayText: "Sign-in and history need it; trading does not. Try again in a moment.", "サインインと履歴の閲覧に必要です（取引は継続しています）。しばらくしてからやり直してください。";
    TooSlowTitle: "The query took too long", "検索に時間がかかりすぎました";
    TooSlowText: "It was stopped after {0} seconds. Narrow the filter, for example by time, account or symbol.", "{0}秒で中止しました。時間・口座・銘柄などで条件を絞り込んでください。";
    HalfSentTitle: "The request did not arrive whole", "要求が最後まで届きませんでした";
    HalfSentText: "It was given up after {0} seconds. Send it again; if that does not help, check your connection.", "{0}秒待っても届かなかったため中止しました。もう一度送信し、改善しない場合は通信環境を確認してください。";
    LateTitle: "The console took too long to answer", "応答に時間がかかりすぎました";
    LateText: "It was given up after {0} seconds. Try again in a moment.", "{0}秒で中止しました。しばらくしてからやり直してください。";
    InternalTitle: "The console failed", "コンソールで障害が発生しました";
    InternalText: "It was logged under the request ID {0}.", "要求ID {0} で記録しました。";
    BusyTitle: "Too many live pages", "ライブ画面が多すぎます";
    BusyText: "Close a page and reload this one.", "他の画面を閉じてから再読み込みしてください。";
    BackToStart: "To the overview", "概況へ戻る";
    RequestId: "Request ID", "要求ID";
    LicencesText: "This console contains parts made by others:", "このコンソールには次の第三者製部品が含まれています。";
    Part: "Part", "部品";
    Licence: "Licence", "ライセンス";
    LicenceText: "Licence text", "ライセンス全文";
}

#[cfg(test)]
mod tests {
    use super::M;

    #[test]
    fn every_message_says_something_and_both_languages_take_the_same_values() {
        for message in M::ALL {
            let (en, ja) = message.texts();
            assert!(!en.trim().is_empty() && !ja.trim().is_empty(), "{message:?} is empty");
            for place in ["{0}", "{1}", "{2}"] {
                assert_eq!(en.contains(place), ja.contains(place), "{message:?} and {place}");
            }
        }
    }

    #[test]
    fn japanese_is_japanese() {
        // Names that are the same in both languages are few, and listed here on purpose.
        let same = [M::Japanese, M::English, M::Postgres];
        for message in M::ALL {
            let (en, ja) = message.texts();
            assert!(en != ja || same.contains(message), "{message:?} is not translated");
        }
    }
}
