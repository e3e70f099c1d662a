//! Lists on a database with a past: Postgres itself tells how it found every row (auto_explain),
//! so each query of each page visited here is looked at, without being listed anywhere.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::projections::sample::{self, Size};
use zaraba_console::authz::Role;
use zaraba_console::config::Config;
use zaraba_console::server;

use crate::world::{LOGIN, PASSWORD, World, add_person, missing, skipped};

/// Tables that grow for ever, by the beginning of their (partitions') names.
const BIG: [&str; 6] =
    ["orders", "order_events", "fills", "ledger_entries", "accounts", "balances"];
/// Rows that one step of a plan may read and throw away, or sort.
const FEW: f64 = 6_000.0;

/// Addresses whose rows come out of [`BIG`]: each filter of each list, alone and as people
/// combine them, first pages and later ones.
const ADDRESSES: &[&str] = &[
    "/orders",
    "/orders?symbol=1001",
    "/orders?account=S-0000003",
    "/orders?account=S-0000003&symbol=1001",
    "/orders?side=buy",
    "/orders?state=working",
    "/orders?state=rejected",
    "/orders?client_order_id=c-77777",
    "/orders?from=2026-06-02T10:00&to=2026-06-02T11:00",
    "/orders?symbol=1001&from=2026-06-02T10:00",
    "/fills",
    "/fills?symbol=1001",
    "/fills?account=S-0000003",
    "/fills?side=sell",
    "/fills?from=2026-06-02T10:00&to=2026-06-02T11:00",
    "/fills/40000",
    "/accounts",
    "/accounts?code=S-00123",
    "/accounts?status=suspended",
    "/accounts/S-0000003",
    "/accounts/S-0000003?tab=ledger",
    "/accounts/S-0000003?tab=balance",
    "/search?q=c-77777",
    "/search?q=S-0000003",
    "/search?q=1001",
];

/// The plans in a server's log.
fn plans(log: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for part in log.split("plan:\n").skip(1) {
        let text: String = part.lines().take_while(|line| line.starts_with('\t')).collect();
        found.push(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")));
    }
    found
}

/// What a plan does that would be slow with a hundred times the rows.
fn slow(node: &Value, found: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    let rows = |name: &str| node[name].as_f64().unwrap_or(0.0);
    let loops = rows("Actual Loops").max(1.0);
    let big = BIG.iter().any(|big| {
        table == *big || table.strip_prefix(big).is_some_and(|rest| rest.starts_with("_2"))
    });
    if kind == "Seq Scan"
        && big
        && loops > 0.0
        && rows("Actual Rows") + rows("Rows Removed by Filter") > 0.0
    {
        found.push(format!("reads all of {table}"));
    }
    if rows("Rows Removed by Filter") * loops > FEW {
        found.push(format!("throws away {} rows of {table}", rows("Rows Removed by Filter")));
    }
    if kind.contains("Sort") && rows("Actual Rows") * loops > FEW {
        found.push(format!("sorts {} rows", rows("Actual Rows")));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        slow(child, found);
    }
}

async fn aged(directory: &Path) -> PrivatePostgres {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory, mode).unwrap();
    let postgres = PrivatePostgres::start(&directory.join("postgres"), 0).await.unwrap();
    let size = Size {
        orders: 120_000,
        accounts: 60_000,
        shares: 500,
        days: 3,
        from: "2026-06-01".parse().unwrap(),
        detail: 100,
    };
    let options = postgres.url().parse().unwrap();
    sample::fill(&options, &size, |_| {}).await.unwrap();
    // A database that is in use is refused, and stays as it is.
    let again = sample::fill(&options, &size, |_| {}).await.unwrap_err();
    assert!(again.to_string().contains("nothing was changed"), "{again}");
    let mut admin = PgConnection::connect(&postgres.url()).await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut admin).await.unwrap();
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = 'json'",
    ] {
        let alter = format!("ALTER DATABASE \"{name}\" SET {setting}");
        sqlx::query(AssertSqlSafe(alter)).execute(&mut admin).await.unwrap();
    }
    postgres
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_reads_a_whole_table_or_sorts_one() {
    const NAME: &str = "no_list_reads_a_whole_table_or_sorts_one";
    if let Some(why) = missing() {
        return skipped(NAME, why);
    }
    if std::env::var("DATABASE_URL").is_ok() {
        return skipped(NAME, "needs a server of its own to read its log");
    }
    let directory = tempfile::tempdir().unwrap();
    let postgres = aged(directory.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config::parse(&format!(
        "public_url = \"http://{address}\"\nlanguage = \"en\"\nzone = \"UTC\"\n\
         [database]\nurl = \"{}\"\nconnections = 2\n\
         [backend]\nadmin_url = \"http://127.0.0.1:9\"\npublic_url = \"http://127.0.0.1:9\"\n\
         admin_token_file = \"/nowhere\"\n",
        postgres.url()
    ))
    .unwrap();
    let pool = zaraba_console::db::pool(&config.database).unwrap();
    add_person(&pool, LOGIN, "Aki Tanaka", &Role::ALL, "en").await;
    let settings = config.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        server::serve_on(listener, config, stopped).await.unwrap();
    });
    let world = World::over(pool, format!("http://{address}"), settings);
    let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
    let log = directory.path().join("postgres/server.log");
    let mut found = Vec::new();
    for path in ADDRESSES {
        let before = std::fs::read_to_string(&log).unwrap().len();
        let (status, page) = world.get(&cookie, path).await;
        assert!(status == 200 || status == 303, "{path}: {status} {page}");
        let text = std::fs::read_to_string(&log).unwrap();
        let plans = plans(&text[before..]);
        assert!(!plans.is_empty(), "{path}: no plan in the server's log");
        for plan in plans {
            let mut of_plan = Vec::new();
            slow(&plan["Plan"], &mut of_plan);
            let query = plan["Query Text"].as_str().unwrap_or_default();
            found.extend(of_plan.into_iter().map(|what| format!("{path}: {what}: {query}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    let _ = stop.send(());
    postgres.stop().await;
}
