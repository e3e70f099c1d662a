//! The messages of the charts and of the order book's page.

use super::messages;

messages! { C,
    LastMinutes: "The last 15 minutes", "直近15分間";
    OrderRate: "Order rate", "注文レート";
    OrdersPerSecond: "Orders/s", "注文/秒";
    AckLatency: "Acknowledgement latency", "応答遅延";
    P50: "p50 (ms)", "p50 (ms)";
    P99: "p99 (ms)", "p99 (ms)";
    Rejects: "Rejects", "拒否";
    RejectsPer: "Rejects per {0} s", "{0}秒ごとの拒否";
    NumbersBehind: "The numbers as a table", "数値を表で見る";
    NoHistoryYet: "Nothing heard from the backend in the last 15 minutes. The first answer makes the first point.", "直近15分間、バックエンドからの応答がありません。最初の応答が最初の点になります。";
    RateSummary: "Now {0} orders/s; highest {1} at {2}, lowest {3}.", "現在{0}注文/秒。最高{1}({2})、最低{3}。";
    LatencySummary: "Now p50 {0}, p99 {1}; highest p99 {2} at {3}.", "現在p50 {0}、p99 {1}。p99の最高{2}({3})。";
    LatencyNone: "No order was acknowledged yet.", "応答した注文はまだありません。";
    RejectsSummary: "{0} rejects in these minutes.", "この間の拒否は{0}件。";
    Depth: "Depth", "デプス";
    DepthTable: "Depth as a table", "デプスの表";
    DepthSummary: "Within the shown levels {0} wait to buy, {1} to sell; best bid {2}, best ask {3}.", "表示範囲の買い合計{0}、売り合計{1}。最良買気配{2}、最良売気配{3}。";
    CumulativeBid: "To buy, summed", "買い累計";
    CumulativeAsk: "To sell, summed", "売り累計";
    CandleSummary: "{0} candles of {1}: last close {2}, highest {3}, lowest {4}.", "{1}{0}本。直近終値{2}、最高{3}、最低{4}。";
    Balance: "Balance", "残高";
    BalanceOverTime: "Balance over time", "残高の推移";
    BalanceSummary: "{0} at {1}, {2} at {3}; highest {4}, lowest {5}.", "{1}時点{0}、{3}時点{2}。最高{4}、最低{5}。";
    NoBalanceHistory: "No movement of this asset in this time. A trade, fee or transfer would make one.", "この期間にこの資産の増減はありません。約定・手数料・入出金があると表示されます。";
    Total: "Total", "合計";
    Asset: "Asset", "資産";
    Range: "Range", "期間";
    Day: "1 day", "1日";
    Week: "1 week", "1週間";
    Month: "1 month", "1か月";
    Quarter: "3 months", "3か月";
    Actions: "Actions", "操作";
    Halt: "Halt…", "売買停止…";
    Resume: "Resume…", "再開…";
    MassCancel: "Mass cancel…", "一括取消…";
    OverrideLimits: "Override price limits…", "値幅制限の変更…";
}
