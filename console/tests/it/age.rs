//! Lists on a database with a past: Postgres itself tells how it found every row (auto_explain),
//! so each query of each page visited here is looked at, without being listed anywhere.

use std::collections::BTreeSet;
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
const BIG: [&str; 13] = [
    "orders",
    "order_events",
    "fills",
    "ledger_entries",
    "accounts",
    "balances",
    "requests",
    "entries",
    "admin_actions",
    "corrections",
    "auctions",
    "quotes",
    "risk_limits",
];
/// Rows that one step of a plan may read and throw away, or sort.
const FEW: f64 = 6_000.0;

/// Addresses of every page that reads the database: each filter of each list, alone and as
/// people combine them. A page, or a filter that a page offers, which is not here fails the test.
const ADDRESSES: &[&str] = &[
    "/",
    "/books",
    "/books?profile=tse&q=10",
    "/books/1001",
    "/orders",
    "/orders?symbol=1001",
    "/orders?account=S-0000003",
    "/orders?account=S-0000003&symbol=1001",
    "/orders?group=3",
    "/orders?side=buy",
    "/orders?state=working",
    "/orders?state=rejected",
    "/orders?state=rejected&reason=off_tick",
    "/orders?symbol=1001&type=limit",
    "/orders?symbol=1001&condition=opening&from=2026-06-02T10:00&to=2026-06-02T10:30",
    "/orders?symbol=1001&via=rest",
    "/orders?client_order_id=c-77777",
    "/orders?order_id=1677721700",
    "/orders?from=2026-06-02T10:00&to=2026-06-02T11:00",
    "/orders?symbol=1001&from=2026-06-02T10:00",
    // A file asks the trail, too, whose the orders are that it was asked for by.
    "/orders/csv?order_id={order}&client_order_id=c-77777",
    "/orders/{order}",
    "/fills",
    "/fills?symbol=1001",
    "/fills?account=S-0000003",
    "/fills?side=sell",
    "/fills?liquidity=maker",
    "/fills?order_id={order}",
    "/fills?trade_id={trade}",
    "/fills?from=2026-06-02T10:00&to=2026-06-02T11:00",
    "/fills/{trade}",
    "/accounts",
    "/accounts?code=S-00123",
    "/accounts?status=suspended",
    "/accounts?group=3",
    "/accounts/S-0000003",
    "/accounts/S-0000003?after=JPY",
    "/accounts/S-0000003?tab=ledger",
    "/accounts/S-0000003?tab=ledger&asset=JPY&cause=trade",
    "/accounts/S-0000003?tab=ledger&from=2026-06-02T10:00&to=2026-06-02T11:00",
    "/accounts/S-0000003?tab=balance",
    "/accounts/S-0000003?tab=balance&asset=JPY&range=week",
    "/accounts/S-0000003?tab=keys",
    "/accounts/S-0000003?tab=history",
    "/instruments",
    "/instruments?q=10",
    "/instruments?profile=tse&status=halted&phase=halted&quote=special",
    "/instruments/1001",
    "/instruments/1001?from=2026-06-02",
    "/instruments/1001?on=2026-06-02",
    "/risk",
    "/risk?whose=instrument",
    "/risk?whose=account",
    "/requests?tab=waiting",
    "/requests?tab=mine",
    "/requests?tab=all",
    "/requests?tab=all&state=applied",
    "/requests?tab=all&matter=funds&kind=adjust",
    "/requests?tab=all&from=2026-06-01T10:00&to=2026-06-01T11:00",
    "/requests/7",
    "/audit",
    "/audit?actor=sample-7",
    "/audit?kind=export",
    "/audit?object_kind=account&object_id=S-0000003",
    "/audit?object_kind=staff&object_id=sample-7",
    "/audit?object_kind=order&object_id={order}",
    "/audit?object_kind=request&object_id={request}",
    "/audit?request={request}",
    "/audit?from=2026-06-01T10:00&to=2026-06-01T11:00",
    "/audit/77",
    "/audit/verify",
    "/flags?flag=short_sales",
    "/staff",
    "/staff?q=sample-7",
    "/staff?status=suspended&role=operations",
    "/staff/sample-7",
    "/search?q=c-77777",
    "/search?q=S-0000003",
    "/search?q=1001",
    "/search?q=sample",
];

/// Pages that read no list: forms, doors, files (which read what their list reads), streams.
const OTHER: [&str; 17] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/",
    "/licences",
    "/preferences",
    "/sign-in",
    "/sign-out",
    "/invite",
    "/security",
    "/confirm",
    "/live",
    "/csv",
    "/jsonl",
    "/requests/new",
    "/audit/verify/state",
    "/staff/{login}/code",
];

/// Queries that no address asks: of an order whose key the sample does not have (by the key's
/// primary key), and of a verification that runs (by the index of anchors).
const ELSEWHERE: [&str; 2] = [
    "SELECT api_key FROM access.api_keys WHERE key_id = ",
    "SELECT seq, entries, hash FROM trading.anchors WHERE what = 'audit' AND seq > ",
];

/// The pages that the addresses leave out.
fn forgotten() -> Vec<&'static str> {
    let visited = |path: &str| {
        ADDRESSES.iter().any(|address| {
            let address = address.split('?').next().unwrap_or_default();
            let (a, b): (Vec<&str>, Vec<&str>) =
                (address.split('/').collect(), path.split('/').collect());
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || b.starts_with('{'))
        })
    };
    let pages = zaraba_console::router::routes().into_iter();
    pages
        .filter(|route| route.method == axum::http::Method::GET)
        .map(|route| route.path)
        .filter(|path| !OTHER.iter().any(|other| path.starts_with(other) || path.ends_with(other)))
        .filter(|path| !visited(path))
        .collect()
}

/// The filters that a page offers and no address of the same page uses.
fn unused(path: &str, page: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    let used = |name: &str| {
        ADDRESSES.iter().any(|address| {
            let (of, query) = address.split_once('?').unwrap_or((address, ""));
            of == path && query.split('&').any(|pair| pair.split('=').next() == Some(name))
        })
    };
    let forms = page.split("<form class=\"filter").skip(1);
    let names = forms
        .flat_map(|form| form.split("</form>").next().unwrap_or_default().split(" name=\"").skip(1))
        .map(|rest| rest.split('"').next().unwrap_or_default());
    names
        .filter(|name| *name != "zone" && !used(name))
        .map(|name| format!("{path}: {name}"))
        .collect()
}

/// The SELECTs of the modules that read for pages, as they are sent, up to what is filled in.
fn written() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> =
        std::fs::read_dir(source.join("reads")).unwrap().map(|file| file.unwrap().path()).collect();
    files.push(source.join("audit/store.rs"));
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in literals(text) {
            let plain = plain(&literal.replace("\\\n", " "));
            let fixed = plain.split(['{', '$']).next().unwrap_or_default();
            if fixed.starts_with("SELECT ") && fixed.contains(" FROM ") {
                found.push(fixed.chars().take(160).collect());
            }
        }
    }
    found
}

/// The texts in quotes of a source file, those with quotes inside (`r#"…"#`) whole.
fn literals(source: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some((before, after)) = rest.split_once('"') {
        let end = if before.ends_with("r#") { "\"#" } else { "\"" };
        let Some((literal, left)) = after.split_once(end) else { break };
        found.push(literal);
        rest = left;
    }
    found
}

/// A text with single spaces.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

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
         key_file = \"{}\"\n[database]\nurl = \"{}\"\nconnections = 2\n\
         [sign_in]\nsecond_factor = \"optional\"\n\
         [backend]\nadmin_url = \"http://127.0.0.1:9\"\npublic_url = \"http://127.0.0.1:9\"\n\
         admin_token_file = \"/nowhere\"\n",
        directory.path().join("console.key").display(),
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
    assert_eq!(forgotten(), Vec::<&str>::new(), "pages whose queries nobody looks at");
    let (mut found, mut asked, mut offered) = (Vec::new(), BTreeSet::new(), Vec::new());
    let names = names(&world).await;
    for path in ADDRESSES {
        let path = names.iter().fold((*path).to_owned(), |path, (name, is)| path.replace(name, is));
        let before = std::fs::read_to_string(&log).unwrap().len();
        let (status, page) = world.get(&cookie, &path).await;
        // One hit of a search opens at once.
        assert!(
            status == 200 || (status == 303 && path.starts_with("/search")),
            "{path}: {status}"
        );
        offered.extend(unused(&path, &page));
        let text = std::fs::read_to_string(&log).unwrap();
        let plans = plans(&text[before..]);
        assert!(!plans.is_empty(), "{path}: no plan in the server's log");
        for plan in plans {
            let mut of_plan = Vec::new();
            slow(&plan["Plan"], &mut of_plan);
            let query = plan["Query Text"].as_str().unwrap_or_default();
            asked.insert(plain(query));
            found.extend(of_plan.into_iter().map(|what| format!("{path}: {what}: {query}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    offered.sort();
    offered.dedup();
    assert_eq!(offered, Vec::<String>::new(), "filters whose queries nobody looks at");
    let unseen: Vec<String> = written()
        .into_iter()
        .filter(|written| !ELSEWHERE.contains(&written.as_str()))
        .filter(|written| !asked.iter().any(|query| query.contains(written.as_str())))
        .collect();
    assert_eq!(unseen, Vec::<String>::new(), "queries of the code that no address asks");
    let _ = stop.send(());
    postgres.stop().await;
}

/// What stands for the names in the addresses.
async fn names(world: &World) -> [(&'static str, String); 3] {
    let one = async |sql: &'static str| -> String {
        sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap()
    };
    [
        (
            "{order}",
            one("SELECT order_id::text FROM trading.fills ORDER BY at, fill_id LIMIT 1").await,
        ),
        ("{trade}", one("SELECT trade_id::text FROM trading.corrections ORDER BY 1 LIMIT 1").await),
        ("{request}", one("SELECT id::text FROM console.requests WHERE number = 7").await),
    ]
}
