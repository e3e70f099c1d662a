//! Messages of the accounts' pages.

use super::messages;

messages! { A,
    // List
    CodeBegins: "Code begins with", "コードの先頭";
    Status: "Status", "状態";
    OpenedAt: "Opened", "開設時刻";
    NoAccounts: "No account matches. Accounts appear here as soon as they are opened in the backend.", "該当する口座はありません。バックエンドで開設されると表示されます。";
    ByCode: "By code", "コード順";
    MoreAccounts: "More", "続き";
    MoreBalances: "More balances", "続きの残高";

    // One account
    AccountOf: "Account {0}", "口座 {0}";
    Tabs: "Parts of the account", "口座の内容";
    Summary: "Summary", "概要";
    Ledger: "Ledger", "元帳";
    BalanceOverTime: "Balance over time", "残高の推移";
    Keys: "API keys", "APIキー";
    History: "Actions by staff", "スタッフによる操作";
    Balances: "Balances", "残高";
    Asset: "Asset", "資産";
    Total: "Total", "合計";
    Locked: "Locked", "拘束";
    Available: "Available", "利用可能";
    TradedAs: "Traded as", "取引銘柄";
    NoBalances: "No balance yet. The first deposit or trade makes one.", "残高はまだありません。最初の入金または約定で作成されます。";
    Restrictions: "Restrictions", "取引制限";
    NoRestrictions: "None: the account trades freely.", "なし（自由に取引できます）";
    IsSuspended: "Suspended: no new orders, open ones stay", "停止中：新規注文不可、既存の注文は残ります";
    IsClosed: "Closed: nothing more can be done with it", "閉鎖済み：以後の取引はできません";
    KilledBy: "Kill switch: {0}", "キルスイッチ: {0}";
    OpenOrders: "Open orders", "未約定の注文";
    NoOpenOrders: "No open order. Orders that rest appear here.", "未約定の注文はありません。注文が入ると表示されます。";
    AllOrders: "All orders of the account", "この口座の全注文";
    AllFills: "All fills of the account", "この口座の全約定";
    RecentFills: "Latest fills", "最近の約定";
    NoRecentFills: "No fill yet. Fills of the account appear here.", "約定はまだありません。この口座の約定が表示されます。";
    LimitsAndUsage: "Risk limits and usage", "リスク上限と使用状況";
    Measure: "Measure", "項目";
    Used: "Used", "使用";
    Soft: "Soft limit", "警告値";
    Hard: "Hard limit", "上限";
    LimitOf: "Limit of", "上限の対象";
    Usage: "Usage", "使用率";
    OfHard: "{0}% of hard", "上限の{0}%";
    OfSoft: "{0}% of soft", "警告値の{0}%";
    NoUsage: "No limit applies to this account.", "この口座に適用される上限はありません。";
    UsageAway: "The backend does not tell the usage now: {0}", "バックエンドから使用状況を取得できません: {0}";

    // Ledger
    Cause: "Cause", "要因";
    Delta: "Change", "増減";
    RunningBalance: "Balance after", "残高（変動後）";
    Reference: "Reference", "参照";
    NoEntries: "No entry matches. Every change of a balance appears here with the balance after it.", "該当する記入はありません。残高の増減は変動後の残高とともにここに表示されます。";

    // Keys
    Scopes: "May", "権限";
    Addresses: "From addresses", "接続元アドレス";
    Anywhere: "anywhere", "制限なし";
    Label: "Label", "名称";
    Rates: "Reads / writes per second", "毎秒の参照／更新";
    DefaultRate: "default", "既定";
    CreatedBy: "Made by", "作成者";
    MadeAt: "Made", "作成時刻";
    Expires: "Expires", "有効期限";
    Never: "never", "無期限";
    KeyState: "State", "状態";
    KeyWorks: "Works", "有効";
    KeyExpired: "Expired", "期限切れ";
    KeyRevoked: "Revoked {0}", "{0}に失効";
    NoKeys: "No API key yet. Keys made for this account appear here; their secrets are never shown.", "APIキーはまだありません。作成されたキーが表示されます（秘密鍵は表示されません）。";
}
