//! Messages of the pages of instruments, risk and flags.

use super::messages;

messages! { I,
    // Instruments
    AnyPhase: "Any phase", "すべてのフェーズ";
    QuoteShown: "Quote", "特別気配等";
    LimitsOfDay: "Limits of the day", "当日の制限値幅";
    NoInstrument: "No instrument matches. Instruments appear here as soon as they are defined in the backend.", "該当する銘柄はありません。バックエンドに登録されると表示されます。";
    InstrumentOf: "Instrument {0}", "銘柄 {0}";
    ReferenceData: "Reference data", "基本情報";
    SessionRules: "Sessions and auctions", "立会・板寄せの規則";
    Continuous: "none: trades around the clock", "なし（終日取引）";
    ListedShares: "Listed shares", "上場株式数";
    NotKnown: "not known", "不明";
    MarketOrderSize: "Market orders from / to", "成行注文の数量（最小／最大）";
    AsOthers: "as others", "他の注文と同じ";
    MarketBand: "Market order band (ppm)", "成行注文の許容幅（ppm）";
    MakerFee: "Maker fee (ppm)", "メイカー手数料（ppm）";
    TakerFee: "Taker fee (ppm)", "テイカー手数料（ppm）";
    OpenOrderCap: "Open orders per account", "口座当たりの未約定注文数";
    Now: "Now", "現在";
    PhaseEnds: "Phase ends", "フェーズ終了";
    Status: "Status", "状態";
    NotHalted: "Trades freely: nothing is halted.", "停止中の注文はありません。";
    Breaker: "Circuit breaker", "サーキットブレーカー";
    BreakerTerms: "{0} s window, triggers at {1} ppm, call of {2} s, bound {3} ppm", "判定{0}秒、発動{1}ppm、板寄せ{2}秒、限度{3}ppm";
    OddLots: "Odd lots", "単元未満株";
    NoOddLots: "The house takes no odd lots in this instrument.", "この銘柄では単元未満株を受け付けていません。";
    OddBatch: "Dealt in batches", "一括約定";
    OddPrincipal: "House deals as principal", "自己勘定で約定";
    OddSpread: "Spread (ppm)", "スプレッド（ppm）";
    OddMax: "Largest order", "最大注文";
    HouseNet: "House position", "自己勘定の保有数";
    TickTableOf: "Tick table in force", "適用中の呼値の単位表";
    TickOver: "Price over", "値段（超）";
    TickUpTo: "up to", "以下";
    TickIs: "Tick", "呼値の単位";
    LimitTableOf: "Daily price limits by base price", "基準値段別の制限値幅表";
    BaseFrom: "Base price from", "基準値段（以上）";
    BaseBelow: "below", "未満";
    LimitIs: "Limit up and down", "制限値幅（上下）";
    RenewalIs: "Renewal width", "更新値幅";
    NoEnd: "no end", "上限なし";
    Calendar: "Calendar", "カレンダー";
    CalendarDay: "Day", "日";
    CalendarKind: "Trading", "立会";
    CalendarSettles: "Settles", "受渡日";
    CalendarMoments: "Moments (Tokyo)", "時刻（東京）";
    BusinessDay: "Business day", "営業日";
    ClosedDay: "Closed: {0}", "休業: {0}";
    AroundTheClock: "around the clock", "終日";
    CalendarAway: "The backend does not tell the calendar now: {0}", "バックエンドからカレンダーを取得できません: {0}";
    NextMoment: "Next", "次";
    Auctions: "Latest auctions", "最近の板寄せ";
    NoAuctions: "No auction yet. Each auction appears here with its price and imbalance.", "板寄せはまだありません。約定値段と差引が表示されます。";
    Quotes: "Latest special and sequential quotes", "最近の特別気配・連続約定気配";
    NoQuotes: "No quote yet. Special and sequential quotes appear here as they begin and end.", "気配はまだありません。特別気配や連続約定気配の開始と終了が表示されます。";
    Resumed: "Trading resumed", "取引再開";

    // Risk
    RiskLimits: "Limits", "上限";
    KillSwitches: "Kill switches", "緊急停止";
    NoLimits: "No limit is set. Limits by group, account and instrument appear here with who set them and why.", "上限は設定されていません。グループ・口座・銘柄ごとの上限が、設定者と理由とともに表示されます。";
    NoSwitches: "No kill switch was ever thrown. They appear here with who, when and why.", "緊急停止が使われたことはありません。使われると、実行者・時刻・理由とともに表示されます。";
    SwitchOn: "ON: new orders are refused", "作動中：新規注文を拒否";
    SwitchOff: "off", "解除";
    Whose: "Whose", "対象";
    SetAt: "Set", "設定時刻";
    OnlyKind: "Limits of", "上限の対象";
    Near: "Near their limits", "上限に近いもの";
    NoNear: "Nothing has used more than 80% of a limit.", "上限の80%を超えているものはありません。";
    NearUnknown: "Of {0} scopes the backend did not tell the usage: {1}", "{0}件の使用状況をバックエンドから取得できません: {1}";
    NearBounded: "Looked at the first {0} of {1} scopes with limits.", "上限のある{1}件のうち先頭{0}件を確認しました。";
    TooManyLimits: "Only the first {0} limits are shown.", "先頭の{0}件のみ表示しています。";
    Warnings: "Latest soft limits passed", "最近の警告値超過";

    // Flags
    FlagName: "Flag", "フラグ";
    FlagMeaning: "Switches", "対象機能";
    Product: "Product", "商品";
    InForceNow: "In force", "適用";
    DecidedBy: "Decided by", "決定元";
    Environment: "Environment", "環境変数";
    File: "File", "設定ファイル";
    Database: "Database", "データベース";
    Default: "Default", "既定値";
    NotSet: "not set", "未設定";
    FlagRule: "The environment wins over the file, the file over the database, the database over the default. Only the database's level is changed from here.", "環境変数、設定ファイル、データベース、既定値の順に優先されます。ここから変更できるのはデータベースの値のみです。";
    NoFlags: "The backend has no flags. Flags appear here with every level that may set them.", "バックエンドに機能フラグはありません。各レベルの設定値とともに表示されます。";
    FlagHistory: "Changes of {0}", "{0}の変更履歴";
    NoFlagHistory: "Never changed in the database. Changes appear here with both people and the reason.", "データベースの値は変更されていません。変更されると担当者・承認者・理由とともに表示されます。";
    ChosenFlag: "History", "履歴";
    FlagsAway: "The backend does not tell its flags now: {0}", "バックエンドから機能フラグを取得できません: {0}";
}
